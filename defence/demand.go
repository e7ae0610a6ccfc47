package defence

import (
	"strings"

	"mslora/params"
)

// Demand is what a purifier asks of models, so that a dry run can say how long that takes.
type Demand struct {
	Epochs   int // of a probe, which also answers all texts after each
	Readings int // texts that are read once more
}

// demanding is a purifier that asks models anything.
type demanding interface {
	Demand(bench Bench) Demand
}

// Demand is what the method's purifier asks of models before training.
func (m Method) Demand(bench Bench) Demand {
	if d, is := m.Purifier.(demanding); is {
		return d.Demand(bench)
	}
	return Demand{}
}

// Demand is a vector of every text, untrusted and trusted.
func (Purification) Demand(bench Bench) Demand {
	return Demand{Readings: len(bench.Train) + len(bench.Trusted)}
}

// Demand is a probe, and the vectors of every text with and without each of its words.
func (BKI) Demand(bench Bench) Demand {
	d := Demand{Epochs: bench.Values.Int(params.Epochs)}
	for _, t := range bench.Train {
		d.Readings += 1 + len(strings.Fields(t.Text))
	}
	return d
}

// Demand is a probe of a few epochs, and its vectors.
func (CUBE) Demand(bench Bench) Demand {
	return Demand{Epochs: bench.Values.Int(cubeEpochs), Readings: len(bench.Train)}
}

// Demand is a probe and its vectors.
func (SEEP) Demand(bench Bench) Demand {
	return Demand{Epochs: bench.Values.Int(params.Epochs), Readings: len(bench.Train)}
}

// Demand is a probe and its vectors.
func (SpectralSignatures) Demand(bench Bench) Demand {
	return Demand{Epochs: bench.Values.Int(params.Epochs), Readings: len(bench.Train)}
}

// Demand is a probe.
func (Isolation) Demand(bench Bench) Demand {
	return Demand{Epochs: bench.Values.Int(params.Epochs)}
}
