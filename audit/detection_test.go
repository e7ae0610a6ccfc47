package audit

import "testing"

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		name             string
		scores           []float64
		poisoned         []bool
		auroc, precision float64
	}{
		{"all above", []float64{1, 2, 3, 4}, []bool{false, false, true, true}, 1, 1},
		{"all below", []float64{4, 3, 2, 1}, []bool{false, false, true, true}, 0, 0},
		// Of the 2·3 pairs, 3 beats 1 and 2, and 5 beats all three.
		{"mixed", []float64{1, 2, 3, 4, 5}, []bool{false, false, true, false, true}, 5.0 / 6, 0.5},
		{"nothing told apart", []float64{7, 7, 7, 7}, []bool{true, false, false, false}, 0.5, 0.25},
		// Pairs: (2 > 1), (2 = 2), (3 > 1), (3 > 2). The top is 3; half of the two texts with 2 is a hit by half.
		{"a tie at the border", []float64{1, 2, 2, 3}, []bool{false, false, true, true}, 3.5 / 4, 0.75},
	} {
		got := Detect(test.scores, test.poisoned)
		if !near(got.AUROC, test.auroc) || !near(got.Precision, test.precision) {
			t.Errorf("%s: %+v, want %v and %v", test.name, got, test.auroc, test.precision)
		}
	}
}
