package figure

import (
	"errors"
	"io/fs"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"

	"mslora/internal/hint"
	"mslora/ortrain"
)

// quantity is something that each epoch has a value of.
type quantity struct {
	column, label string
	percent       bool
	pick          func(ortrain.EpochRecord) float64
}

var (
	loss          = quantity{"loss", "Loss", false, func(r ortrain.EpochRecord) float64 { return r.Loss }}
	auxiliaryLoss = quantity{"auxiliary_loss", "Auxiliary loss", false, aligned(func(r ortrain.EpochRecord) float64 { return r.AuxLoss })}
	mu            = quantity{"mu", "mu", false, aligned(func(r ortrain.EpochRecord) float64 { return r.Mu })}
	devAccuracy   = quantity{"dev_accuracy", "Dev accuracy (%)", true, func(r ortrain.EpochRecord) float64 { return r.DevAccuracy }}
	fullyAligned  = quantity{"fully_aligned", "Fully aligned (%)", true, func(r ortrain.EpochRecord) float64 { return 100 * r.FullyAligned }}
	gradientNorm  = quantity{"gradient_norm", "Gradient norm", false, func(r ortrain.EpochRecord) float64 { return r.GradientNorm }}
	devASR        = quantity{"dev_asr", "ASR on dev (%)", true, nil} // at the end of an epoch, from the Fourier analysis
)

// aligned leaves a quantity out where no gradient was aligned: there is no auxiliary loss then.
func aligned(pick func(ortrain.EpochRecord) float64) func(ortrain.EpochRecord) float64 {
	return func(r ortrain.EpochRecord) float64 {
		if r.AuxLoss == 0 {
			return math.NaN()
		}
		return pick(r)
	}
}

// history is what the epochs of a group's seeds tell.
type history struct {
	group
	epochs [][]ortrain.EpochRecord // of each seed
	points []point                 // of its Fourier analysis, if any
}

// values gives a quantity by epoch, means over the seeds; not a number where nobody knows.
func (h history) values(q quantity) []float64 {
	values := make([]float64, len(h.epochs[0]))
	if q.pick == nil {
		for k := range values {
			values[k] = math.NaN()
		}
		for _, p := range h.points {
			if p.epoch <= len(values) {
				values[p.epoch-1] = p.asr
			}
		}
		return values
	}
	for _, seed := range h.epochs {
		for k, record := range seed {
			values[k] += q.pick(record) / float64(len(h.epochs))
		}
	}
	return values
}

// histories gives those of all groups whose cells have metrics.
func histories(runs []Run) ([]history, error) {
	all, err := groups(runs)
	if err != nil {
		return nil, err
	}
	var found []history
	for _, g := range all {
		h := history{group: g}
		if h.epochs, err = g.metrics(); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, err
		}
		for _, seed := range h.epochs {
			if len(seed) == 0 || len(seed) != len(h.epochs[0]) {
				return nil, hint.New("give folders whose seeds were trained alike", "%s and its other seeds have different numbers of epochs", g.runs[0].Folder)
			}
		}
		a := analysis{group: g}
		if err := a.read(); err == nil {
			h.points = a.points
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		found = append(found, h)
	}
	if len(found) == 0 {
		return nil, hint.New("give folders that `mslora run` wrote", "none of the %d cells has metrics.jsonl", len(runs))
	}
	return found, nil
}

// training draws how each group learned.
func training(runs []Run, _ string) (Figure, error) {
	all, err := histories(runs)
	if err != nil {
		return Figure{}, err
	}
	quantities := []quantity{loss, auxiliaryLoss, mu, devAccuracy}
	if slices.ContainsFunc(all, func(h history) bool { return h.points != nil }) {
		quantities = append(quantities, devASR)
	}
	return byEpochs(all, quantities)
}

// alignment draws how often gradients were aligned.
func alignment(runs []Run, _ string) (Figure, error) {
	all, err := histories(runs)
	if err != nil {
		return Figure{}, err
	}
	all = slices.DeleteFunc(all, func(h history) bool { return missing(h.values(auxiliaryLoss)[0]) })
	if len(all) == 0 {
		return Figure{}, hint.New("musclelora and ga+lora do", "none of the %d cells aligns gradients", len(runs))
	}
	return byEpochs(all, []quantity{fullyAligned, gradientNorm})
}

// mostLines bounds the lines of a panel: nobody tells more apart.
const mostLines = 20

func groupOf(all []history) []group {
	gs := make([]group, len(all))
	for i, h := range all {
		gs[i] = h.group
	}
	return gs
}

// byEpochs draws a panel for each quantity that anybody knows, with a line for each group.
func byEpochs(all []history, quantities []quantity) (Figure, error) {
	if len(all) > mostLines {
		return Figure{}, hint.New("give fewer folders", "the figure would have %d lines a panel, expected at most %d", len(all), mostLines)
	}
	f := Figure{Width: 8.5 * vg.Centimeter, Height: 5.5 * vg.Centimeter}
	f.Table.Columns = append(names[:len(names):len(names)], "epoch")
	var panels []*plot.Plot
	for _, q := range quantities {
		f.Table.Columns = append(f.Table.Columns, q.column)
		p, known := epochPanel(q), false
		for _, h := range all {
			values := h.values(q)
			known = known || slices.ContainsFunc(values, func(v float64) bool { return !missing(v) })
			if err := f.line(p, h.title(groupOf(all)), counting(len(values)), values); err != nil {
				return Figure{}, err
			}
		}
		if known {
			panels = append(panels, p)
		}
	}
	for _, h := range all {
		for k := range h.epochs[0] {
			cells := append(h.names(), k+1)
			for _, q := range quantities {
				cells = append(cells, h.values(q)[k])
			}
			f.Table.add(cells...)
		}
	}
	f.Panels = grid(panels, 2)
	return f, nil
}

func epochPanel(q quantity) *plot.Plot {
	p := newPanel("", "Epoch", q.label)
	gridLines(p)
	p.X.Tick.Marker = wholeTicks(10)
	if q.percent {
		percent(&p.Y)
	}
	return p
}

// counting gives 1 to n.
func counting(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(i + 1)
	}
	return values
}
