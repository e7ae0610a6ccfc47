package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"mslora/dataset"
	"mslora/eval"
	"mslora/fourier"
	"mslora/internal/hint"
	"mslora/ortrain"
	"mslora/params"
)

// Fourier says whether and how cells are analysed in the frequency space while they train (section 5.4 of the paper). It changes
// nothing in what they learn.
type Fourier struct {
	On         bool   `yaml:"fourier,omitempty"`
	Texts      int    `yaml:"fourier_texts,omitempty"`      // of each mapping at most, 0: DefaultFourierTexts
	Kernel     string `yaml:"fourier_kernel,omitempty"`     // one of fourier.Kernels, "": authors
	Embeddings string `yaml:"fourier_embeddings,omitempty"` // EmbeddedAlone or EmbeddedAuthors, "": alone
}

const (
	// DefaultFourierTexts is how many texts of each mapping are looked at: with so few training takes at most a fifth longer.
	DefaultFourierTexts = 32
	// MostFourierTexts bounds the memory of the filters: 16 MB for each of the 25 widths.
	MostFourierTexts = 2000

	EmbeddedAlone   = "alone"   // each text by itself
	EmbeddedAuthors = "authors" // as the authors' code does: in padded batches, with dropout

	fourierEvery = 5 // steps of an epoch
)

// check tells what is wrong with the settings.
func (f Fourier) check() error {
	if f.Texts < 0 || f.Texts == 1 || f.Texts > MostFourierTexts {
		return hint.New("the filters of more texts take much memory", "--fourier-texts %d is out of range, expected 2 to %d", f.Texts, MostFourierTexts)
	}
	if f.Kernel != "" && !slices.Contains(fourier.Kernels, fourier.Kernel(f.Kernel)) {
		return hint.New("give authors or paper", "--fourier-kernel %s is unknown", hint.Quote(f.Kernel))
	}
	if f.Embeddings != "" && f.Embeddings != EmbeddedAlone && f.Embeddings != EmbeddedAuthors {
		return hint.New("give alone or authors", "--fourier-embeddings %s is unknown", hint.Quote(f.Embeddings))
	}
	if f.On || f == (Fourier{}) {
		return nil
	}
	return hint.New("add --fourier", "--fourier-texts, --fourier-kernel and --fourier-embeddings do nothing without --fourier")
}

// mapping is a set of texts that the classifier is asked for after every fifth step.
type mapping struct {
	examples []ortrain.Example
	measured *fourier.Mapping
	counted  FourierTexts
	classes  int
}

// guesses are probabilities as a classifier gives them that knows nothing.
func (m mapping) guesses() [][]float64 {
	all := make([][]float64, len(m.examples))
	for i := range all {
		all[i] = slices.Repeat([]float64{1 / float64(m.classes)}, m.classes)
	}
	return all
}

// frequencies is the hook that writes fourier.jsonl.
type frequencies struct {
	ortrain.Lines
	plan            *Plan
	cell            Cell
	clean, backdoor mapping
	last            FourierPoint // of this process
}

// fourierHook gives the hook that analyses a cell as the plan's configuration says, and leaves fourier.jsonl in its folder.
func (p *Plan) fourierHook(cell Cell) *frequencies {
	return &frequencies{plan: p, cell: cell, Lines: ortrain.Lines{Path: filepath.Join(p.Folder(cell), fourierFile)}}
}

// Begin computes the filters from the embeddings before training, and takes up the file where the run goes on.
func (f *frequencies) Begin(run *ortrain.Run) error {
	if err := f.Lines.Begin(run); err != nil {
		return err
	}
	if err := enoughSteps(run.Steps(), f.cell.Hyperparameters.Int(params.Epochs)); err != nil {
		return err // a purifier may have left few texts
	}
	setting, err := f.open(run.Steps())
	if err != nil {
		return err
	}
	if run.Step() == 0 {
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return f.Append(setting)
	}
	before, points, err := ReadFourier(filepath.Dir(f.Path))
	expected := 0
	for step := 1; step <= run.Step(); step++ {
		if f.due(run, step) {
			expected++
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && len(points) < expected:
		return hint.New("leave --fourier out, or train again with --force", "the first %d steps were not all trained with --fourier", run.Step())
	case err != nil:
		return err
	case !reflect.DeepEqual(before, setting):
		return hint.New("give the same --fourier flags as before, or train again with --force", "%s was begun with other texts or filters", f.Path)
	}
	return nil
}

// fourierPoints is how many points an analysis has: one after every fifth step of each epoch.
func fourierPoints(steps, epochs int) int { return epochs * (steps / epochs / fourierEvery) }

// enoughSteps refuses an analysis without a point, of which no figure could be drawn.
func enoughSteps(steps, epochs int) error {
	if fourierPoints(steps, epochs) > 0 {
		return nil
	}
	return hint.New("leave --fourier out, or give more texts or a smaller --batch", "--fourier measures after every %dth step of an epoch, and an epoch has %d", fourierEvery, steps/epochs)
}

// estimate is what the analysis takes, from its filters and one point; answer is the time that the model takes for a text.
func (f *frequencies) estimate(steps, points int, answer time.Duration) (time.Duration, error) {
	begin := time.Now()
	if _, err := f.open(steps); err != nil {
		return 0, err
	}
	filters := time.Since(begin)
	begin = time.Now()
	texts := 0
	for _, m := range []mapping{f.clean, f.backdoor} {
		m.measured.Measure(m.guesses())
		texts += len(m.examples)
	}
	return filters + time.Duration(points)*(time.Since(begin)+time.Duration(texts)*answer), nil
}

// due tells whether there is a point after a step: every fifth of each epoch.
func (f *frequencies) due(run *ortrain.Run, step int) bool {
	perEpoch := run.Steps() / f.cell.Hyperparameters.Int(params.Epochs)
	return ((step-1)%perEpoch+1)%fourierEvery == 0
}

// open reads the texts of both mappings and computes their filters.
func (f *frequencies) open(steps int) (FourierSetting, error) {
	p, settings := f.plan, f.plan.Config.Fourier
	s := FourierSetting{
		Kernel: cmp.Or(settings.Kernel, string(fourier.Authors)), Embeddings: cmp.Or(settings.Embeddings, EmbeddedAlone), Widths: fourier.Widths(),
		Steps: steps, Epochs: f.cell.Hyperparameters.Int(params.Epochs),
	}
	clean, backdoor, classes, err := p.mappings(f.cell)
	if err != nil {
		return s, err
	}
	for _, part := range []struct {
		texts []dataset.Text
		into  *mapping
	}{{clean, &f.clean}, {backdoor, &f.backdoor}} {
		chosen := dataset.Subset(part.texts, settings.texts())
		*part.into = mapping{examples: p.examples(f.cell, chosen), counted: FourierTexts{len(chosen), len(part.texts)}, classes: classes}
		if err := f.prepare(part.into, s); err != nil {
			return s, err
		}
	}
	s.Clean, s.Backdoor = f.clean.counted, f.backdoor.counted
	return s, nil
}

// prepare computes the filters of a mapping.
func (f *frequencies) prepare(m *mapping, s FourierSetting) error {
	embedder, err := f.plan.models[f.cell.ModelFolder].Embedder()
	if err != nil {
		return err
	}
	var vectors [][]float32
	if s.Embeddings == EmbeddedAuthors {
		vectors, err = embedder.InBatches(m.examples, f.cell.Hyperparameters.Int(params.BatchSize), f.cell.Seed)
	} else {
		vectors, err = embedder.Alone(m.examples)
	}
	if err != nil {
		return err
	}
	labels := make([]int, len(m.examples))
	for i, e := range m.examples {
		labels[i] = e.Label
	}
	m.measured = fourier.NewMapping(vectors, labels, m.classes, fourier.Kernel(s.Kernel), s.Widths, f.plan.Device.Threads)
	return nil
}

// Step measures both mappings after every fifth step of an epoch.
func (f *frequencies) Step(ctx context.Context, run *ortrain.Run, record ortrain.StepRecord) error {
	if !f.due(run, record.Step) {
		return nil
	}
	ctx = context.WithoutCancel(ctx) // an error would cost the steps since the last checkpoint, and a point takes seconds
	point := FourierPoint{Step: record.Step, Epoch: record.Epoch}
	clean, err := run.Logits(ctx, f.clean.examples)
	if err != nil {
		return err
	}
	backdoor, err := run.Logits(ctx, f.backdoor.examples)
	if err != nil {
		return err
	}
	point.Clean = measuresOf(f.clean.measured.Measure(probabilities(clean)))
	point.Backdoor = measuresOf(f.backdoor.measured.Measure(probabilities(backdoor)))
	predicted := make([]int, len(backdoor))
	for i, row := range backdoor {
		predicted[i] = ortrain.Argmax(row)
	}
	point.ASR = Rounded(eval.ASR(predicted, f.cell.Target).Percent())
	f.last = point
	return f.Append(point)
}

// probabilities gives what a classifier says of texts [n][classes], from its logits.
func probabilities(logits [][]float32) [][]float64 {
	all := make([][]float64, len(logits))
	for i, row := range logits {
		all[i] = ortrain.Softmax(row)
	}
	return all
}

// texts is the number of texts of each mapping at most.
func (f Fourier) texts() int {
	if f.Texts == 0 {
		return DefaultFourierTexts
	}
	return f.Texts
}

// mappings gives the texts of the clean mapping, all of dev but the auxiliary ones, those of the backdoor mapping, poisoned copies of
// dev texts, and the number of classes.
func (p *Plan) mappings(cell Cell) (clean, backdoor []dataset.Text, classes int, err error) {
	data, err := p.dataset(cell)
	if err != nil {
		return nil, nil, 0, err
	}
	options := dataset.LoadOptions{Attack: cell.Attack, Target: cell.Target, Reading: cell.Reading}
	if backdoor, err = dataset.LoadDevPoison(cell.DataFolder, options, data.Labels); err != nil {
		return nil, nil, 0, err
	}
	method, _, err := cell.graphs(p.Config.Graphs)
	if err != nil {
		return nil, nil, 0, err
	}
	ready, err := p.prepare(cell, method, data)
	return ready.dev, backdoor, data.Classes, err
}

// checkPoints refuses a cell whose analysis would have no point.
func (p *Plan) checkPoints(cell Cell) error {
	data, err := p.dataset(cell)
	if err != nil {
		return err
	}
	batch, epochs := cell.Hyperparameters.Int(params.BatchSize), cell.Hyperparameters.Int(params.Epochs)
	if err := enoughSteps(epochs*((len(data.Train)+batch-1)/batch), epochs); err != nil {
		return fmt.Errorf("%s: %w", p.Title(cell), err)
	}
	return nil
}

// CheckFourier tells, before any training, whether every cell has what the analysis needs. sampled says of which cells not all texts
// are looked at.
func (p *Plan) CheckFourier() (sampled []string, err error) {
	for _, cell := range p.Cells {
		if err := p.checkPoints(cell); err != nil {
			return nil, err
		}
		clean, backdoor, _, err := p.mappings(cell)
		if err != nil {
			return nil, err
		}
		if most := p.Config.Fourier.texts(); max(len(clean), len(backdoor)) > most {
			sampled = append(sampled, fmt.Sprintf("%s: --fourier looks at %s clean and %s poisoned dev texts", p.Title(cell),
				FourierTexts{min(len(clean), most), len(clean)}, FourierTexts{min(len(backdoor), most), len(backdoor)}))
		}
	}
	return sampled, nil
}
