package dataset

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Sample keeps N rows of a stream of any length, each row with the same chance, in the memory of N rows (reservoir
// sampling, Vitter 1985, algorithm R). The same seed keeps the same rows of the same stream.
type Sample[T any] struct {
	size   int // 0: keep all
	random *rand.Rand
	seen   int
	kept   []sampled[T]
}

type sampled[T any] struct {
	place int // in the stream
	row   T
}

// NewSample makes an empty sample of at most size rows; 0 keeps all rows.
func NewSample[T any](size int, seed uint64) *Sample[T] {
	return &Sample[T]{size: size, random: rand.New(rand.NewPCG(seed, sampleStream))}
}

// Add offers the next row of the stream.
func (s *Sample[T]) Add(row T) {
	next := sampled[T]{s.seen, row}
	s.seen++
	if s.size == 0 || len(s.kept) < s.size {
		s.kept = append(s.kept, next)
		return
	}
	if place := s.random.IntN(s.seen); place < s.size {
		s.kept[place] = next
	}
}

// Seen is the number of rows offered so far.
func (s *Sample[T]) Seen() int { return s.seen }

// Rows gives the kept rows in the order of the stream.
func (s *Sample[T]) Rows() []T {
	slices.SortFunc(s.kept, func(a, b sampled[T]) int { return cmp.Compare(a.place, b.place) })
	rows := make([]T, len(s.kept))
	for i, k := range s.kept {
		rows[i] = k.row
	}
	return rows
}
