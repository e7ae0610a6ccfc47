package defence

import "mslora/params"

// Demand is what a purifier or a filter asks of models, so that a dry run can say how long that takes.
type Demand struct {
	Epochs    int // of a probe, which also answers all texts after each
	Readings  int // texts that are read once more, by the language model if the filter is blind
	Gradients int // texts that a gradient is computed of
}

// demanding is a purifier that asks models anything.
type demanding interface {
	Demand(bench Bench) Demand
}

// sifting is a filter that asks models anything.
type sifting interface {
	SiftingDemand(bench Bench, texts []string) Demand
}

// Demand is what the method's purifier asks of models before training.
func (m Method) Demand(bench Bench) Demand {
	if d, is := m.Purifier.(demanding); is {
		return d.Demand(bench)
	}
	return Demand{}
}

// SiftingDemand is what the method's filter asks of models to learn what it needs and to look at texts.
func (m Method) SiftingDemand(bench Bench, texts []string) Demand {
	if s, is := m.Filter.(sifting); is {
		return s.SiftingDemand(bench, texts)
	}
	return Demand{}
}

// Demand is a vector of every text, untrusted and trusted.
func (Purification) Demand(bench Bench) Demand {
	return Demand{Readings: len(bench.Train) + len(bench.Trusted)}
}

// Demand is a probe, and the vectors of every text with and without each of its words.
func (BKI) Demand(bench Bench) Demand {
	return Demand{Epochs: bench.Values.Int(params.Epochs), Readings: readingsWithoutEach(bench.texts())}
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

// SiftingDemand is the language model's, on each text with and without each of its words.
func (ONION) SiftingDemand(_ Bench, texts []string) Demand {
	_, joined := ofSeveralWords(texts)
	return Demand{Readings: readingsWithoutEach(joined)}
}

// SiftingDemand is the answers to the copies of all texts, the trusted ones too.
func (STRIP) SiftingDemand(bench Bench, texts []string) Demand {
	return Demand{Readings: bench.Values.Int(stripCopies) * (len(bench.Trusted) + len(texts))}
}

// SiftingDemand is, for each protected class, the trusted texts without the word, and with it in each epoch and at the end; then all texts
// without the word, and at most all with it: those that the model gives no protected class are not read so.
func (RAP) SiftingDemand(bench Bench, texts []string) (d Demand) {
	r, epochs := newRAP(bench), bench.Values.Int(rapEpochs)
	for _, class := range r.protected {
		n := len(r.tuning(class))
		d.Readings += (2 + epochs) * n
		d.Gradients += epochs * n
	}
	worded := 1
	if r.authors {
		worded = len(r.protected)
	}
	d.Readings += (1 + worded) * len(texts)
	return d
}
