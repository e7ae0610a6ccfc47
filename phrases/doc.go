// Package phrases finds the words and runs of words that texts of one class hold more often than chance would have it. It asks no model.
package phrases
