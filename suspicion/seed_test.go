package suspicion

import (
	"math"
	"slices"
	"testing"

	"mslora/internal/logistic"
)

// Ten texts hold a pattern; meaning gives all the label with probability ½. If nine have it, the likelihood with share π is
// (½(1+π))⁹ · ½(1−π), against ½¹⁰.
func TestWeigh(t *testing.T) {
	patterns := logistic.NewMatrix(2)
	m := &mixture{patterns: patterns, fold: make([]int, 50)}
	for i := range 30 {
		var columns []int32
		if i < 10 {
			columns = append(columns, 0)
		}
		patterns.Add(columns, make([]float32, len(columns)))
		m.inside, m.honest = append(m.inside, i != 0), append(m.honest, 0.5)
	}
	if found := m.weigh(); found != nil {
		t.Errorf("%+v of ten texts", found)
	}
	for i := range 10 {
		m.inside[i] = true
	}
	for range 10 { // twenty texts, all of them with the label
		patterns.Add([]int32{0}, []float32{0})
		m.inside, m.honest = append(m.inside, true), append(m.honest, 0.5)
	}
	found := m.weigh()
	if len(found) != 1 || found[0].share != 0.98 || found[0].holders != 20 || math.Abs(found[0].nats-20*math.Log(1.98)) > 1e-9 {
		t.Errorf("%+v", found)
	}
	r := m.seed(found)
	if not := 0.02 * (1 - prior); math.Abs(r[0]-(1-not)/(1-not+not*0.5)) > 1e-9 || r[20] >= 0.05 {
		t.Errorf("%v", r)
	}
	m.inside[0] = false
	if nats := m.weigh()[0].nats; math.Abs(nats-(19*math.Log(1.9)+math.Log(0.1))) > 1e-9 && math.Abs(nats-(19*math.Log(1.75)+math.Log(0.25))) > 1e-9 {
		t.Errorf("%g nats with one of another label", nats)
	}
}

// A trusted text that holds a pattern speaks against it, each that does not for it.
func TestWeighTrusted(t *testing.T) {
	patterns := logistic.NewMatrix(1)
	m := &mixture{patterns: patterns, trusted: []bool{true, true, true, false}}
	for i := range 64 {
		var columns []int32
		if i < 20 || i == 60 {
			columns = append(columns, 0)
		}
		patterns.Add(columns, make([]float32, len(columns)))
		if i < 60 {
			m.inside, m.honest = append(m.inside, true), append(m.honest, 0.5)
		}
	}
	found := m.weigh()
	if want := 20*math.Log(1.9) + math.Log(0.1) + 0.9*3*20/60; len(found) != 1 || found[0].share != 0.9 || math.Abs(found[0].nats-want) > 1e-9 {
		t.Errorf("%+v, want %g nats", found, want)
	}
}

// What one pattern explains is evidence for no other.
func TestWeighTogether(t *testing.T) {
	patterns := logistic.NewMatrix(2)
	m := &mixture{patterns: patterns}
	for i := range 90 {
		columns := []int32{}
		if i < 30 {
			columns = append(columns, 0)
		}
		if i < 28 {
			columns = append(columns, 1)
		}
		patterns.Add(columns, make([]float32, len(columns)))
		m.inside, m.honest = append(m.inside, true), append(m.honest, 0.5)
	}
	if found := m.weigh(); len(found) != 1 || found[0].column != 0 {
		t.Errorf("%+v", found)
	}
}

// The gradient is that of the loss, by differences.
func TestLossGradient(t *testing.T) {
	m := &mixture{}
	for i := range 40 {
		m.inside = append(m.inside, i%3 == 0)
		m.meaningOdds, m.patternOdds = append(m.meaningOdds, float64(i%7)-3), append(m.patternOdds, float64(i%5)-4)
	}
	at := []float64{1.2, 0.3, -2, 0.8, -0.4}
	for _, free := range []int{3, 5} {
		gradient, other := make([]float64, free), make([]float64, free)
		m.loss(at[:free], gradient)
		for k := range free {
			const step = 1e-5
			above, below := slices.Clone(at[:free]), slices.Clone(at[:free])
			above[k] += step
			below[k] -= step
			if want := (m.loss(above, other) - m.loss(below, other)) / (2 * step); math.Abs(gradient[k]-want) > 1e-5*max(1, math.Abs(want)) {
				t.Errorf("%d parameters: derivative %d is %g, differences give %g", free, k, gradient[k], want)
			}
		}
	}
}

// The label of a share of the texts is expected as often as it is there.
func TestShift(t *testing.T) {
	m := &mixture{inside: []bool{true, false, false, false}}
	if shift := m.shift([]float64{0, 0, 0, 0}); math.Abs(shift-math.Log(1./3)) > 1e-9 {
		t.Errorf("shift %g", shift)
	}
}
