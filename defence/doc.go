// Package defence holds the methods of training, each put together out of parts: a graph that computes gradients, a rule
// that aligns them, a purifier that chooses what is trained on, an expert that knows what need not be learned, a filter that looks
// at texts before the model answers.
//
// Names of methods, the order in which they stand and what tables call them are in [Methods] and nowhere else. A new
// method is a new entry there; a new purifier or filter is a file that implements [Purifier] or [Filter], and an entry.
package defence
