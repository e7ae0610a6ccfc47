package ortrain

import (
	"slices"
	"testing"
)

func TestOrderIsANewPermutationEachEpoch(t *testing.T) {
	first, second := order(100, 42, 0), order(100, 42, 1)
	if slices.Equal(first, second) {
		t.Error("two epochs have the same order")
	}
	if !slices.Equal(first, order(100, 42, 0)) {
		t.Error("the order of an epoch does not repeat")
	}
	sorted := slices.Sorted(slices.Values(first))
	for i, v := range sorted {
		if i != v {
			t.Fatalf("not a permutation: %v", sorted)
		}
	}
}

func TestAuxiliaryBatch(t *testing.T) {
	for _, test := range []struct{ n, size, batches, last int }{{96, 32, 3, 32}, {70, 32, 3, 6}, {10, 32, 1, 10}, {1, 1, 1, 1}} {
		for pass := range 3 {
			var seen []int
			for place := range test.batches {
				batch := auxiliaryBatch(test.n, test.size, 42, uint64(pass*test.batches+place))
				seen = append(seen, batch...)
				if place == test.batches-1 && len(batch) != test.last {
					t.Errorf("n %d: the last batch has %d texts, want %d", test.n, len(batch), test.last)
				}
			}
			slices.Sort(seen)
			if len(slices.Compact(seen)) != test.n {
				t.Errorf("n %d: a pass shows %d texts", test.n, len(slices.Compact(seen)))
			}
		}
	}
}
