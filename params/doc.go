// Package params holds the hyperparameters: one table with a row for each, and values by their names.
//
// Everything that a program knows about a hyperparameter is in its row: the flag, the key in configurations, the type,
// the range, the help text, and which parts of methods have it. Flags, validation, presets, config.yaml and the table in
// docs/hyperparameters.md come from the rows. A new hyperparameter is a new row of [Table].
package params
