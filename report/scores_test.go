package report

import (
	"math"
	"math/rand/v2"
	"testing"
)

func near(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-9
}

// Reference: Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
func TestWilson(t *testing.T) {
	for _, test := range []struct {
		part, whole int
		low, high   float64
	}{
		{81, 263, 25.53, 36.62}, {15, 148, 6.24, 16.05}, {0, 20, 0, 16.11}, {1, 29, 0.61, 17.18},
		{20, 20, 100 - 16.11, 100}, // the mirror image of 0 of 20
	} {
		low, high := wilson(test.part, test.whole)
		if math.Abs(low-test.low) > 0.005 || math.Abs(high-test.high) > 0.005 {
			t.Errorf("%d of %d: %.2f to %.2f, want %.2f to %.2f", test.part, test.whole, low, high, test.low, test.high)
		}
	}
}

// TestClassScores counts the same scores from single texts, as their definitions say.
func TestClassScores(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		classes := 1 + random.IntN(5)
		confusion := make([][]int, classes)
		for i := range confusion {
			confusion[i] = make([]int, classes)
		}
		type text struct{ label, predicted int }
		var texts []text
		for range random.IntN(12) {
			next := text{random.IntN(classes), random.IntN(classes)}
			texts = append(texts, next)
			confusion[next.label][next.predicted]++
		}
		count := func(is func(text) bool) float64 {
			n := 0.0
			for _, next := range texts {
				if is(next) {
					n++
				}
			}
			return n
		}
		recalls, f1s, n, m := 0.0, 0.0, 0.0, 0.0
		scores := classScores(confusion)
		for c, s := range scores {
			both := count(func(x text) bool { return x.label == c && x.predicted == c })
			predicted := count(func(x text) bool { return x.predicted == c })
			labelled := count(func(x text) bool { return x.label == c })
			precision, recall := 100*both/predicted, 100*both/labelled // NaN for 0 of 0
			// 2 true positives / (2 true positives + false positives + false negatives)
			f1 := 100 * 2 * both / (2*both + (predicted - both) + (labelled - both))
			if !near(s.Precision, precision) || !near(s.Recall, recall) || !near(s.F1, f1) ||
				float64(s.Texts) != labelled || float64(s.Predicted) != predicted {
				t.Fatalf("class %d of %v: %+v", c, confusion, s)
			}
			if precision+recall > 0 && !near(f1, 2*precision*recall/(precision+recall)) {
				t.Fatalf("F1 is %g, not the harmonic mean", f1)
			}
			if !math.IsNaN(recall) {
				recalls, n = recalls+recall, n+1
			}
			if !math.IsNaN(f1) {
				f1s, m = f1s+f1, m+1
			}
		}
		if recall, f1 := means(scores); !near(recall, recalls/n) || !near(f1, f1s/m) {
			t.Fatalf("means of %v: %g and %g, want %g and %g", confusion, recall, f1, recalls/n, f1s/m)
		}
	}
}

func TestHeadline(t *testing.T) {
	split := func(name string, texts int, accuracy float64) Split {
		return Split{Name: name, Texts: texts, Accuracy: accuracy}
	}
	for _, test := range []struct {
		name   string
		splits []Split
		want   string
	}{
		{"none", nil, ""},
		{"test, wherever it stands", []Split{split("test", 5, 80), split("dev", 5, 60)}, "test"},
		{"else the last", []Split{split("dev", 5, 80), split("other", 5, 60)}, "other"},
		{"an empty test does not count", []Split{split("dev", 5, 80), split("test", 0, 0)}, "dev"},
		{"nor one without accuracy", []Split{split("dev", 5, 80), split("test", 5, math.NaN())}, "dev"},
		{"nothing measured", []Split{split("test", 0, math.NaN())}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := Report{Splits: test.splits}.headline()
			if h == nil {
				h = &headline{}
			}
			if h.Name != test.want || h.ChoseEpoch != (test.want == "dev") {
				t.Errorf("got %+v, want %q", h, test.want)
			}
		})
	}
}

// The largest class is that of the true labels, whatever was predicted.
func TestLargest(t *testing.T) {
	r := Report{Labels: []string{"a", "b"}, Splits: []Split{{Name: "test", Texts: 10, Accuracy: 50, Confusion: [][]int{{4, 0}, {5, 1}}}}}
	if h := r.headline(); h.Largest != "b" || !near(h.LargestShare, 60) || h.Right != 5 {
		t.Errorf("got %+v", h)
	}
}

func TestKept(t *testing.T) {
	for _, test := range []struct {
		best []bool
		want int
	}{{nil, -1}, {[]bool{false, false}, -1}, {[]bool{true, true, false}, 1}, {[]bool{true, false, false}, 0}} {
		var r Report
		for _, best := range test.best {
			r.Epochs = append(r.Epochs, Epoch{Best: best})
		}
		if got := r.kept(); got != test.want {
			t.Errorf("%v: kept %d, want %d", test.best, got, test.want)
		}
	}
}
