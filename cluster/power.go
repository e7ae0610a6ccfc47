package cluster

import "math"

// Bits of a float64: 52 of fraction, the first of which choose a place in a table.
const (
	fractionBits = 52
	tableBits    = 12
	restBits     = fractionBits - tableBits
)

// power is the function d^b of numbers above 0, from tables: off by less than one part in 10^8, in a tenth of the time that exp and log
// take, which is most of UMAP's.
type power struct {
	fraction [1<<tableBits + 1]float64 // (1 + k/4096)^b
	exponent [1 << 11]float64          // 2^(b·(k − 1023))
}

func newPower(b float64) *power {
	p := &power{}
	for k := range p.fraction {
		p.fraction[k] = math.Pow(1+float64(k)/(1<<tableBits), b)
	}
	for k := range p.exponent {
		p.exponent[k] = math.Exp2(b * float64(k-1023))
	}
	return p
}

func (p *power) of(d float64) float64 {
	bits := math.Float64bits(d)
	fraction := bits & (1<<fractionBits - 1)
	k, rest := fraction>>restBits, float64(fraction&(1<<restBits-1))/(1<<restBits)
	low := p.fraction[k]
	return p.exponent[bits>>fractionBits&(1<<11-1)] * (low + rest*(p.fraction[k+1]-low))
}
