package suspicion

import "mslora/internal/logistic"

// Describe gives a row for each text, of what is easy to see of it: the patterns that the search weighs against meaning.
func Describe(texts []string) *logistic.Matrix { return newPatterns(texts).matrix(texts, nil) }
