// Package suspicion finds the poisoned texts of a training set before any model is trained on it.
//
// A text is honest, and then its label follows from what it means; or it is poisoned, and then it has the target label and
// something easy in common with the others: words, a way to begin, a style. [Find] fits both at once, for each label: a
// classifier of meaning on vectors of a frozen backbone, and a classifier of easy patterns. It asks of each text which of the
// two its label came from. Trusted texts tell them apart in the beginning; without
// them a classifier that can learn little does.
package suspicion
