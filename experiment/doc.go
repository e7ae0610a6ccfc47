// Package experiment turns a configuration into cells (one data set, attack, model, method, setting and seed each), trains
// and scores them, and leaves a folder for each.
package experiment
