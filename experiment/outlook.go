package experiment

import (
	"time"

	"mslora/defence"
)

// What training a text costs, in readings of a text by the pretrained model: forwards, backwards to the inputs, and with weights that
// are tuned, to these as well. An aligned step does it for a trusted text, too.
const (
	frozenReadings = 2.5
	tunedReadings  = 3.5
)

// searchTime is what the search of package suspicion takes for a text, on two cores.
const searchTime = 4 * time.Millisecond

// outlook estimates how long a cell still takes while its purifier works: from how fast texts are read, or a probe is trained, and from how
// much of that training and scoring are.
type outlook struct {
	steps    int           // of training
	readings float64       // of all texts, that training and scoring cost
	search   time.Duration // of what a purifier makes of the texts it has read

	begun     time.Time // reading, or the probe
	share     float64   // of the texts that is read
	reading   time.Duration
	first     int // step of the probe that was told first
	step      time.Duration
	probeLeft int // its steps
}

// newOutlook of a cell that is as ready as p makes it.
func (p *Plan) newOutlook(method defence.Method, ready prepared, tests int) *outlook {
	n, epochs := len(ready.train), ready.setting.Epochs
	cost := frozenReadings
	if !method.Frozen() {
		cost = tunedReadings
	}
	if method.Aligned {
		cost *= 2
	}
	return &outlook{
		steps:    epochs * ((n + ready.setting.BatchSize - 1) / ready.setting.BatchSize),
		readings: (float64(epochs)*cost*float64(n) + float64(ready.answers(tests))) / float64(max(1, len(ready.suspect))),
		search:   time.Duration(len(ready.suspect)) * searchTime,
	}
}

// read takes note that a share of all texts has been read, counted in tokens.
func (o *outlook) read(now time.Time, share float64) {
	if o.share = share; share > 0 {
		o.reading = time.Duration(float64(now.Sub(o.begun)) / share)
	}
}

// probed takes note of a step of a probe.
func (o *outlook) probed(now time.Time, step, steps int) {
	if o.first == 0 {
		o.first, o.begun = step, now
	}
	if o.probeLeft = steps - step; step > o.first {
		o.step = now.Sub(o.begun) / time.Duration(step-o.first)
	}
}

// left is the time until the cell is done; 0 if nothing tells it yet.
func (o *outlook) left(now time.Time) time.Duration {
	switch {
	case o.step > 0:
		return time.Duration(o.probeLeft+o.steps) * o.step
	case o.reading > 0:
		// What is read is searched: its time runs once all is read.
		waiting := max(0, o.reading+o.search-now.Sub(o.begun))
		return waiting + time.Duration(o.readings*float64(o.reading))
	}
	return 0
}
