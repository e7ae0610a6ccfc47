package ortrain

import (
	"encoding/binary"
	"math"
)

// spread[b] holds bit i of b in its byte i.
var spread = func() (table [256]uint64) {
	for b := range table {
		for i := range 8 {
			table[b] |= uint64(b>>i&1) << (8 * i)
		}
	}
	return table
}()

// fillKeepMask sets each byte of mask to 1 with probability keep (to within 2^-17) and to 0 otherwise.
//
// A step draws some 10 million decisions, so one random number each would cost a tenth of it. Instead
// 64 decisions are made at once: each compares a random 16-bit number with the threshold bit by bit,
// from the top, one random word per bit position, and stops when all 64 are decided (about 8 words).
func fillKeepMask(mask []byte, keep float64, source *splitMix) {
	threshold := uint32(math.Round(keep * (1 << 16)))
	for len(mask) >= 64 {
		decisions := bernoulli64(threshold, source)
		for i := 0; i < 64; i += 8 {
			binary.LittleEndian.PutUint64(mask[i:], spread[byte(decisions>>i)])
		}
		mask = mask[64:]
	}
	decisions := bernoulli64(threshold, source)
	for i := range mask {
		mask[i] = byte(decisions >> i & 1)
	}
}

// bernoulli64 gives 64 bits, each 1 with probability threshold / 2^16.
func bernoulli64(threshold uint32, source *splitMix) uint64 {
	if threshold>>16 != 0 {
		return math.MaxUint64
	}
	var below uint64
	undecided := uint64(math.MaxUint64)
	for bit := 15; bit >= 0 && undecided != 0; bit-- {
		word := source.next()
		if threshold>>bit&1 == 1 {
			below |= undecided &^ word
			undecided &= word
		} else {
			undecided &^= word
		}
	}
	return below
}

// splitMix is the SplitMix64 generator (Steele, Lea and Flood 2014). Its next inlines and keeps no chain
// of dependent multiplications, which makes masks three times as fast as with math/rand/v2's generators.
type splitMix struct{ state uint64 }

func (s *splitMix) next() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}
