package dataset

import (
	"math"
	"slices"
	"testing"
)

func draw(size, rows int, seed uint64) []int {
	s := NewSample[int](size, seed)
	for row := range rows {
		s.Add(row)
	}
	return s.Rows()
}

func TestSample(t *testing.T) {
	for _, test := range []struct{ size, rows, want int }{{0, 7, 7}, {5, 5, 5}, {5, 4, 4}, {5, 100, 5}, {1, 1000, 1}, {3, 0, 0}} {
		got := draw(test.size, test.rows, 42)
		if len(got) != test.want || !slices.IsSorted(got) {
			t.Errorf("%d of %d rows: %v", test.size, test.rows, got)
		}
		if !slices.Equal(got, draw(test.size, test.rows, 42)) {
			t.Errorf("%d of %d rows: the same seed drew other rows", test.size, test.rows)
		}
	}
	if slices.Equal(draw(5, 100, 42), draw(5, 100, 43)) {
		t.Error("another seed drew the same rows")
	}
}

// Each row is kept with probability size / rows: first, last and those in between.
func TestSampleIsUniform(t *testing.T) {
	const size, rows, draws = 4, 10, 20000
	var times [rows]int
	for seed := range uint64(draws) {
		for _, row := range draw(size, rows, seed) {
			times[row]++
		}
	}
	const p = float64(size) / rows
	deviation := math.Sqrt(draws * p * (1 - p))
	for row, n := range times {
		if math.Abs(float64(n)-draws*p) > 5*deviation {
			t.Errorf("row %d was kept %d times of %d, expected %.0f ± %.0f", row, n, draws, draws*p, deviation)
		}
	}
}

func TestSampleHoldsNoMoreThanItsSize(t *testing.T) {
	s := NewSample[int](10, 1)
	for row := range 100000 {
		s.Add(row)
	}
	if len(s.kept) != 10 || s.Seen() != 100000 {
		t.Errorf("holds %d rows of %d", len(s.kept), s.Seen())
	}
}
