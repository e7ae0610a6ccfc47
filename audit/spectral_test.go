package audit

import "testing"

// Of class 0 the vectors vary by ±1 and 4 along (1, 0), by much less along (0, 1): the scores are the squares of the
// distances along (1, 0) from the mean 1. Class 1 has one direction only, (0, 1).
func TestSpectralSignatures(t *testing.T) {
	vectors := [][]float32{{0, 0.01}, {4, 0.01}, {0, -0.01}, {0, -0.01}, {9, 1}, {9, 3}}
	got := SpectralSignatures(vectors, []int{0, 0, 0, 0, 1, 1}, 3)
	for i, want := range []float64{1, 9, 1, 1, 1, 1} {
		if d := got[i] - want; d > 0.01 || d < -0.01 {
			t.Errorf("text %d: %v, want %v", i, got[i], want)
		}
	}
}
