// Package dataset reads data sets for text classification of which a part may be poisoned.
//
// [Load] reads whole sets in two layouts: the folders of the authors' release (Wu et al. 2024, "Acquiring Clean
// Language Models from Backdoor Poisoned Datasets by Downscaling Frequency Space", arXiv 2402.12026),
// DATASET/TARGET/ATTACK, and a plain folder with train, dev and test files. [LoadOwn] reads a defender's own files, of
// which nobody knows whether they are poisoned; [EachNamed] streams such a file row by row. A [Reading] says how files are
// to be read; what it leaves open is found out ([Format]), and said. Rows that cannot be used are errors that name the file and lines.
//
// [Subset], [Sample] and [DrawAuxiliary] choose texts. Each draw has a random stream of its own, so a seed always
// chooses the same texts.
//
// Package poison makes and checks poisoned sets; this package knows an attack only as the name of a folder.
package dataset
