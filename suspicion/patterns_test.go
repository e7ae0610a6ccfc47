package suspicion

import (
	"math"
	"slices"
	"testing"
)

func TestPatterns(t *testing.T) {
	p := &patterns{common: map[string]bool{"the": true, "is": true}}
	var got []string
	p.each("The film, is", func(pattern string) { got = append(got, pattern) })
	want := []string{
		"the", "the film,", "the film, is", "film,", "film, is", "is",
		"shape: ^", "shape: ^ the", "shape: ^ the *", "shape: the", "shape: the *", "shape: the * is", "shape: *", "shape: * is", "shape: * is $",
		"shape: is", "shape: is $", "shape: $", "first: the", "last: is", "words: 0", "commas: 1",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for signal, left := range map[Signal]int{Words: 16, Shapes: 10, Ends: 20, Lengths: 20, HonestWords: 22} {
		p.without, got = []Signal{signal}, nil
		p.each("The film, is", func(pattern string) { got = append(got, pattern) })
		if len(got) != left {
			t.Errorf("without %s: %q", signal, got)
		}
	}
}

func TestPatternsMatrix(t *testing.T) {
	texts := []string{"a a a", "b a", "b", "a b a", "b a", "b a", "b b"}
	m := newPatterns(texts).matrix(texts, nil)
	if m.Rows() != 7 {
		t.Fatal(m.Rows())
	}
	for i := range texts {
		columns, values := m.Row(i)
		sum := 0.
		for _, v := range values {
			sum += float64(v) * float64(v)
		}
		if math.Abs(sum-1) > 1e-6 || !slices.IsSorted(columns) || len(slices.Compact(slices.Clone(columns))) != len(columns) {
			t.Errorf("row %d: %v %v", i, columns, values)
		}
	}
}
