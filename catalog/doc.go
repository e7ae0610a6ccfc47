// Package catalog knows models and the paper's data sets by name: where they lie on this machine, where they come from,
// and their checksums.
//
// A name is looked for on this machine only; [FetchModel] and [FetchDataset] download what is missing, and nothing else
// does.
package catalog
