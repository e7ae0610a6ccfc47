package audit

import (
	"math"
	"testing"
)

func near(got, want float64) bool { return math.Abs(got-want) < 1e-9 }

func TestLogOdds(t *testing.T) {
	for _, test := range []struct {
		probabilities []float64
		class         int
		want          float64
	}{
		{[]float64{0.2, 0.8}, 1, math.Log(4)},
		{[]float64{0.2, 0.8}, 0, -math.Log(4)},
		{[]float64{0.5, 0.3, 0.2}, 1, math.Log(3.0 / 7)},
		{[]float64{0, 1}, 1, mostOdds},
		{[]float64{0, 1}, 0, -mostOdds},
		{[]float64{1e-20, 1}, 1, 20 * math.Log(10)}, // 1 − p would be 0
	} {
		if got := LogOdds(test.probabilities, test.class); !near(got, test.want) {
			t.Errorf("%v, class %d: %v, want %v", test.probabilities, test.class, got, test.want)
		}
	}
}

// Of 1, 2, 3, 4 and 100 the median is 3, its distances are 2, 1, 0, 1, 97 with median 1.
func TestDeviations(t *testing.T) {
	got := deviations([]float64{1, 2, 3, 4, 100}, 0.1)
	for i, want := range []float64{-2, -1, 0, 1, 97} {
		if !near(got[i], want/1.4826) {
			t.Errorf("%v", got)
		}
	}
	if got := deviations([]float64{5, 5, 5, 6}, 0.5); !near(got[3], 2) || got[0] != 0 {
		t.Errorf("with the least scale: %v", got)
	}
	if got := deviations(nil, 1); got != nil {
		t.Errorf("of nothing: %v", got)
	}
	if got := median([]float64{4, 1, 3, 2}); got != 2.5 {
		t.Errorf("median %v", got)
	}
}

// Log-odds ±3 and ±1 have root mean square √5.
func TestOpinion(t *testing.T) {
	odds := map[string]float64{"a": 3, "b": -3, "c": 1, "d": -1}
	texts := []Text{{Text: "a", Label: 1}, {Text: "b", Label: 1}, {Text: "c", Label: 0}, {Text: "d", Label: 1}}
	o, err := askAll(t.Context(), madeUp(func(text string) float64 { return odds[text] }), texts)
	if err != nil {
		t.Fatal(err)
	}
	if !near(o.scale, math.Sqrt(5)) {
		t.Errorf("scale %v", o.scale)
	}
	for i, want := range []float64{3, -3, -1, -1} {
		if !near(o.odds[i], want/math.Sqrt(5)) {
			t.Errorf("text %d: %v", i, o.odds[i])
		}
	}
	if o.says(0) != 1 || o.says(1) != 0 || o.says(2) != 1 {
		t.Error("wrong labels")
	}
}
