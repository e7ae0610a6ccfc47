// Package fourier splits the mapping that a classifier computes into a low-frequency and a high-frequency part, by filtering in the
// space of the input embeddings (Wu et al. 2024, section 3 and appendix A; Xu et al. 2020), and measures both. It is mathematics
// alone: it knows vectors, labels and probabilities, but no model and no files.
package fourier
