package ortrain

import (
	"bytes"
	"math"
	"testing"
)

func TestFillKeepMask(t *testing.T) {
	const n = 1 << 20
	for _, keep := range []float64{0, 0.1, 0.5, 0.9, 1} {
		mask := make([]byte, n+13) // a tail that no block of 64 covers
		fillKeepMask(mask, keep, &splitMix{1})
		kept := 0
		for _, m := range mask {
			if m > 1 {
				t.Fatalf("keep %v: a mask byte is %d", keep, m)
			}
			kept += int(m)
		}
		share := float64(kept) / float64(len(mask))
		tolerance := 5*math.Sqrt(keep*(1-keep)/n) + 1.0/(1<<17)
		if math.Abs(share-keep) > tolerance {
			t.Errorf("keep %v: kept %v, more than %v away", keep, share, tolerance)
		}
	}
}

// Neighbouring decisions must not hang together: count pairs at several distances.
func TestKeepMaskIndependence(t *testing.T) {
	const n, keep = 1 << 20, 0.9
	mask := make([]byte, n)
	fillKeepMask(mask, keep, &splitMix{2})
	for _, distance := range []int{1, 7, 8, 63, 64, 384, 768} {
		both := 0
		for i := range n - distance {
			both += int(mask[i] & mask[i+distance])
		}
		share := float64(both) / float64(n-distance)
		if tolerance := 6 * math.Sqrt(keep*keep*(1-keep*keep)/n); math.Abs(share-keep*keep) > tolerance {
			t.Errorf("distance %d: %v of the pairs are kept, want %v", distance, share, keep*keep)
		}
	}
}

func TestKeepMaskRepeats(t *testing.T) {
	draw := func(seed, step uint64) []byte {
		mask := make([]byte, 1000)
		fillKeepMask(mask, 0.9, &splitMix{stream(seed, "dropout", step).Uint64()})
		return mask
	}
	if !bytes.Equal(draw(42, 3), draw(42, 3)) {
		t.Error("the same seed and step gave two masks")
	}
	if bytes.Equal(draw(42, 3), draw(42, 4)) || bytes.Equal(draw(42, 3), draw(43, 3)) {
		t.Error("another step or seed gave the same mask")
	}
}

func BenchmarkFillKeepMask(b *testing.B) {
	mask, source := make([]byte, 1<<20), &splitMix{1}
	b.SetBytes(int64(len(mask)))
	for b.Loop() {
		fillKeepMask(mask, 0.9, source)
	}
}
