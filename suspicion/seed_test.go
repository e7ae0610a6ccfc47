package suspicion

import (
	"math"
	"testing"

	"mslora/internal/logistic"
)

// Ten texts hold a pattern; meaning gives all the label with probability ½. If nine have it, the likelihood with share π is
// (½(1+π))⁹ · ½(1−π), against ½¹⁰.
func TestWeigh(t *testing.T) {
	patterns := logistic.NewMatrix(2)
	m := &mixture{patterns: patterns}
	for i := range 30 {
		var columns []int32
		if i < 10 {
			columns = append(columns, 0)
		}
		patterns.Add(columns, make([]float32, len(columns)))
		m.inside, m.honest = append(m.inside, i != 0), append(m.honest, 0.5-leastHonest)
	}
	if found := m.weigh(); found != nil {
		t.Errorf("%+v of ten texts", found)
	}
	for i := range 10 {
		m.inside[i] = true
	}
	for range 10 { // twenty texts, all of them with the label
		patterns.Add([]int32{0}, []float32{0})
		m.inside, m.honest = append(m.inside, true), append(m.honest, 0.5-leastHonest)
	}
	found := m.weigh()
	if len(found) != 1 || found[0].share != 0.98 || found[0].holders != 20 || math.Abs(found[0].nats-20*math.Log(1.98)) > 1e-9 {
		t.Errorf("%+v", found)
	}
	r := m.seed(found)
	if want := 0.98 / (0.98 + 0.02*0.5); math.Abs(r[0]-want) > 1e-9 || r[20] >= 0.05 {
		t.Errorf("%v", r)
	}
	m.inside[0] = false
	if nats := m.weigh()[0].nats; math.Abs(nats-(19*math.Log(1.9)+math.Log(0.1))) > 1e-9 && math.Abs(nats-(19*math.Log(1.75)+math.Log(0.25))) > 1e-9 {
		t.Errorf("%g nats with one of another label", nats)
	}
}

// The label of a share of the texts is expected as often as it is there.
func TestShift(t *testing.T) {
	m := &mixture{inside: []bool{true, false, false, false}}
	if shift := m.shift([]float64{0, 0, 0, 0}); math.Abs(shift-math.Log(1./3)) > 1e-9 {
		t.Errorf("shift %g", shift)
	}
}
