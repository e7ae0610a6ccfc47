package fourier

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// The two texts of TestSplitByHand. The classifier knows nothing: y is 1/2 everywhere, all of it low; t is one-hot.
// |t_low| is sqrt(5)/3, |t_high| sqrt(2)/3, and y_low - t_low is (-1/6, 1/6), of norm sqrt(2)/6.
func TestMeasureByHand(t *testing.T) {
	vectors := [][]float32{{0}, {float32(8 * math.Ln2)}}
	m := NewMapping(vectors, []int{0, 1}, 2, Authors, []float64{4, 4}, 1)
	for _, test := range []struct {
		name string
		y    [][]float64
		want Measure
	}{
		{"knows nothing", [][]float64{{.5, .5}, {.5, .5}}, Measure{1, 0, math.Sqrt(2) / 2 / math.Sqrt(5), 1}},
		{"knows all", [][]float64{{1, 0}, {0, 1}}, Measure{math.Sqrt(5) / 3, math.Sqrt(2) / 3, 0, 0}},
		{"takes each for the other", [][]float64{{0, 1}, {1, 0}}, Measure{math.Sqrt(5) / 3, math.Sqrt(2) / 3, math.Sqrt(.4), 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := m.Measure(test.y)
			if len(got) != 2 || got[0] != got[1] {
				t.Fatalf("%+v", got)
			}
			compare(t, got[0], test.want, 1e-6)
		})
	}
}

// Poisoned texts all have the target label: their true mapping is constant, and has no high part to be near to.
func TestMeasureOfConstantTruth(t *testing.T) {
	vectors, _ := random(12, 2)
	labels := make([]int, 12)
	y := make([][]float64, 12)
	for i := range y {
		labels[i], y[i] = 1, []float64{0, 1}
	}
	y[5] = []float64{0.25, 0.75}
	got := NewMapping(vectors, labels, 2, Authors, []float64{4}, 1).Measure(y)[0]
	if !math.IsInf(got.HighError, 1) || got.LowError <= 0 || got.LowError > 0.1 || got.HFR <= 0 {
		t.Errorf("%+v", got)
	}
}

// numpy computes the same from the definitions; see tools/fourier_fixture.py.
func TestMeasureAgainstNumpy(t *testing.T) {
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name     string
		Classes  int
		Labels   []int
		Vectors  [][]float32
		Y        [][]float64 // probabilities
		Measures map[Kernel][][4]*float64
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		for _, kernel := range Kernels {
			for _, threads := range []int{1, 2} {
				got := NewMapping(c.Vectors, c.Labels, c.Classes, kernel, Widths(), threads).Measure(c.Y)
				want := c.Measures[kernel]
				if len(want) != len(got) {
					t.Fatalf("%s, %s: %d widths, want %d", c.Name, kernel, len(got), len(want))
				}
				for i, w := range want {
					expected := Measure{*w[0], *w[1], *w[2], math.Inf(1)}
					if w[3] != nil {
						expected.HighError = *w[3]
					}
					compare(t, got[i], expected, 2e-6)
				}
			}
		}
	}
}

func compare(t *testing.T, got, want Measure, tolerance float64) {
	t.Helper()
	for _, value := range []struct {
		name      string
		got, want float64
	}{{"LFR", got.LFR, want.LFR}, {"HFR", got.HFR, want.HFR}, {"low error", got.LowError, want.LowError}, {"high error", got.HighError, want.HighError}} {
		if !near(value.got, value.want, tolerance*max(1, math.Abs(value.want))) {
			t.Errorf("%s is %v, want %v", value.name, value.got, value.want)
		}
	}
}

// As many texts as dev of SST-2 has, with 25 widths: what a hook computes every fifth step.
func BenchmarkMeasure(b *testing.B) {
	vectors, y := random(872, 2)
	labels := make([]int, len(y))
	m := NewMapping(vectors, labels, 2, Authors, Widths(), 2)
	for b.Loop() {
		m.Measure(y)
	}
}
