package dataset

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// draw draws of a stream of the row numbers; labels give the label of each.
func draw(size, rows int, seed uint64, labels func(row int) string) []int {
	s := NewSample[int](size, seed)
	for row := range rows {
		s.Add(labels(row), row)
	}
	return s.Rows()
}

func oneLabel(int) string { return "a" }

func TestSample(t *testing.T) {
	for _, test := range []struct{ size, rows, want int }{{0, 7, 7}, {5, 5, 5}, {5, 4, 4}, {5, 100, 5}, {1, 1000, 1}, {3, 0, 0}, {math.MaxInt, 9, 9}} {
		got := draw(test.size, test.rows, 42, oneLabel)
		if len(got) != test.want || !slices.IsSorted(got) {
			t.Errorf("%d of %d rows: %v", test.size, test.rows, got)
		}
		if !slices.Equal(got, draw(test.size, test.rows, 42, oneLabel)) {
			t.Errorf("%d of %d rows: the same seed drew other rows", test.size, test.rows)
		}
	}
	if slices.Equal(draw(5, 100, 42, oneLabel), draw(5, 100, 43, oneLabel)) {
		t.Error("another seed drew the same rows")
	}
}

// Each label keeps its share, and at least one row if there is room, whatever the order of the rows.
func TestSampleIsStratified(t *testing.T) {
	rare := func(row int) string { // 1 in 100, 39 in 100, 60 in 100
		switch {
		case row%100 == 7:
			return "rare"
		case row%100 < 40:
			return "some"
		}
		return "most"
	}
	sorted := func(row int) string { return fmt.Sprint(row / 2500) } // four labels, one after the other
	alone := func(row int) string {
		if row == 9999 {
			return "rare"
		}
		return "most"
	}
	for _, test := range []struct {
		name   string
		labels func(int) string
		size   int
		want   map[string]int
	}{
		{"mixed", rare, 200, map[string]int{"rare": 2, "some": 78, "most": 120}},
		{"at least one", rare, 20, map[string]int{"rare": 1, "some": 7, "most": 12}},
		{"sorted", sorted, 100, map[string]int{"0": 25, "1": 25, "2": 25, "3": 25}},
		{"rounded", sorted, 6, map[string]int{"0": 2, "1": 2, "2": 1, "3": 1}},
		{"one for each", sorted, 4, map[string]int{"0": 1, "1": 1, "2": 1, "3": 1}},
		{"the last row", alone, 10, map[string]int{"rare": 1, "most": 9}},
		{"too small", alone, 1, map[string]int{"most": 1}},
	} {
		for seed := range uint64(50) {
			got := map[string]int{}
			for _, row := range draw(test.size, 10000, seed, test.labels) {
				got[test.labels(row)]++
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Fatalf("%s, seed %d: %v, want %v", test.name, seed, got, test.want)
			}
		}
	}
}

// Each row of a label is kept with the same chance: first, last and those in between, also of a stream so long that rows are given up.
func TestSampleIsUniform(t *testing.T) {
	const size, rows, draws = 20, 400, 4000
	half := func(row int) string { return fmt.Sprint(row >= rows/2) }
	var times [rows]int
	for seed := range uint64(draws) {
		for _, row := range draw(size, rows, seed, half) {
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

func TestSampleHoldsLittle(t *testing.T) {
	for name, labels := range map[string]func(int) string{
		"one label": oneLabel, "sorted": func(row int) string { return fmt.Sprint(row / 10000) }, "mixed": func(row int) string { return fmt.Sprint(row % 10) },
	} {
		s := NewSample[int](100, 1)
		for row := range 100000 {
			s.Add(labels(row), row)
			if s.held > 3*100+2*spareRows*10 {
				t.Fatalf("%s: holds %d rows of %d", name, s.held, row)
			}
		}
		if got := len(s.Rows()); got != 100 {
			t.Errorf("%s: %d rows", name, got)
		}
	}
}
