package dataset

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// Sample keeps N rows of a stream of any length, stratified by label: each label keeps its share of N, and at least one row while N is
// large enough. Of a label each row has the same chance. Each row gets a random number, and those with the smallest stay. As the
// share N/rows only falls, a row that a label could give up once is not wanted later, so some 3 N rows are in memory, whatever the
// order of the stream. The same seed keeps the same rows of the same stream.
type Sample[T any] struct {
	size   int // 0: keep all
	random *rand.Rand
	seen   int
	held   int // rows in memory
	strata []*stratum[T]
	places map[string]int // of labels in strata, which are in the order in which labels come
}

type stratum[T any] struct {
	seen int
	rows []sampled[T]
	cut  uint64 // rows with this number and above were given up; 0: none
}

type sampled[T any] struct {
	place  int // in the stream
	number uint64
	row    T
}

// NewSample makes an empty sample of at most size rows; 0 keeps all rows.
func NewSample[T any](size int, seed uint64) *Sample[T] {
	return &Sample[T]{size: min(size, 1<<30), random: rand.New(rand.NewPCG(seed, sampleStream)), places: map[string]int{}}
}

// Add offers the next row of the stream.
func (s *Sample[T]) Add(label string, row T) {
	at, ok := s.places[label]
	if !ok {
		at = len(s.strata)
		s.places[label], s.strata = at, append(s.strata, &stratum[T]{})
	}
	next := sampled[T]{s.seen, s.random.Uint64(), row}
	s.seen++
	stratum := s.strata[at]
	stratum.seen++
	if stratum.cut > 0 && next.number >= stratum.cut {
		return
	}
	stratum.rows = append(stratum.rows, next)
	if s.held++; s.size > 0 && s.held > 3*s.size+2*spareRows*len(s.strata) {
		s.trim()
	}
}

// spareRows is how many rows a label keeps beyond twice its share, so that chance leaves enough of a rare one.
const spareRows = 16

// trim gives up rows of which no label needs so many.
func (s *Sample[T]) trim() {
	s.held = 0
	for _, stratum := range s.strata {
		if keep := 2*s.size*stratum.seen/s.seen + spareRows; keep < len(stratum.rows) {
			stratum.sort()
			stratum.cut = stratum.rows[keep].number
			clear(stratum.rows[keep:])
			stratum.rows = stratum.rows[:keep]
		}
		s.held += len(stratum.rows)
	}
}

func (s *stratum[T]) sort() {
	slices.SortFunc(s.rows, func(a, b sampled[T]) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.place, b.place))
	})
}

// Rows gives the kept rows in the order of the stream.
func (s *Sample[T]) Rows() []T {
	var kept []sampled[T]
	for at, n := range s.allot() {
		s.strata[at].sort()
		kept = append(kept, s.strata[at].rows[:n]...)
	}
	slices.SortFunc(kept, func(a, b sampled[T]) int { return cmp.Compare(a.place, b.place) })
	rows := make([]T, len(kept))
	for i, k := range kept {
		rows[i] = k.row
	}
	return rows
}

// allot divides the size among the labels: each gets its share rounded down, or 1. Rows that are left go to those that are most below
// their share; if there are too few, those that are most above it give some up.
func (s *Sample[T]) allot() []int {
	quota := make([]int, len(s.strata))
	total := 0
	for at, stratum := range s.strata {
		quota[at] = len(stratum.rows)
		if s.size > 0 && s.seen > s.size {
			quota[at] = min(len(stratum.rows), max(1, s.size*stratum.seen/s.seen))
		}
		total += quota[at]
	}
	above := func(at int) int { return quota[at]*s.seen - s.size*s.strata[at].seen }
	for ; s.size > 0 && total > s.size; total-- {
		most := -1
		for at := range quota {
			if quota[at] > 0 && (most < 0 || quota[most] == 1 && quota[at] > 1 || (quota[most] == 1 || quota[at] > 1) && above(at) > above(most)) {
				most = at
			}
		}
		quota[most]--
	}
	for ; total < min(s.size, s.seen); total++ {
		least := -1
		for at, stratum := range s.strata {
			if quota[at] < len(stratum.rows) && (least < 0 || above(at) < above(least)) {
				least = at
			}
		}
		if least < 0 { // chance gave up rows that are wanted now
			break
		}
		quota[least]++
	}
	return quota
}
