// Package cluster finds groups of points: principal components, UMAP and HDBSCAN, as small as the purifiers of package defence need
// them. Tests compare each with its reference in Python. The same points and seed give the same result, to the last bit.
package cluster
