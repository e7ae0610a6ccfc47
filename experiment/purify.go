package experiment

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/graphs"
	"mslora/ortrain"
	"mslora/params"
)

// purified is what a purifier has left.
type purified struct {
	train, dev []dataset.Text
	weights    []float32      // of train in the loss, 0 counts as 1; nil if there is no purifier
	record     *eval.Purified // nil if the method has no purifier
}

// purify lets the method's purifier choose the training texts. What it said is kept in purified.csv and attacked.json, so that an
// interrupted cell goes on with the same texts.
func (p *Plan) purify(ctx context.Context, cell Cell, method defence.Method, folder string, ready prepared, hooks []ortrain.Hook) (purified, error) {
	if method.Purifier == nil {
		return purified{train: ready.train, dev: ready.dev}, nil
	}
	var took time.Duration
	judgement, err := ReadJudgement(folder, len(ready.suspect), ready.setting.Classes)
	if errors.Is(err, fs.ErrNotExist) {
		begun := time.Now()
		judgement, err = p.decide(ctx, cell, method, folder, ready, hooks)
		took = time.Since(begun)
		if err == nil {
			err = writeJudgement(folder, judgement)
		}
	}
	if err != nil {
		return purified{}, err
	}
	if err := os.RemoveAll(filepath.Join(folder, probeFolder)); err != nil {
		return purified{}, err
	}
	result := purified{record: &eval.Purified{Texts: len(judgement.Decisions), Trusted: len(ready.trusted), Attacked: judgement.Attacked, Treatment: treatment(cell), Seconds: took.Seconds()}}
	result.train, result.dev, result.weights = ready.left(judgement.Decisions)
	for i, d := range judgement.Decisions {
		text := ready.suspect[i]
		if text.Poisoned {
			result.record.Poisoned++
		}
		switch {
		case !d.Suspected():
		case text.Poisoned:
			result.record.DroppedPoisoned++
			fallthrough
		default:
			result.record.Dropped++
		}
	}
	return result, nil
}

// treatment is what a purifier did with suspected texts; "" if it dropped them.
func treatment(cell Cell) string {
	if word := cell.Hyperparameters.Word(params.Suspected); word != params.SuspectedDrop {
		return word
	}
	return ""
}

// left gives the texts that are kept, as they are trained on, and their weights. Suspected texts choose no epoch, whatever is done with them; a
// dev set of which nothing else is left stays as it is.
func (ready prepared) left(decisions []defence.Decision) (train, dev []dataset.Text, weights []float32) {
	n := len(ready.train)
	for i, d := range decisions {
		switch {
		case i < n && d.Keep:
			train, weights = append(train, d.Of(ready.suspect[i])), append(weights, d.Weight)
		case i >= n && !d.Suspected():
			dev = append(dev, ready.suspect[i])
		}
	}
	if len(dev) == 0 {
		dev = ready.dev
	}
	return train, dev, weights
}

// Dev gives the texts that chose the epoch of a finished cell.
func (p *Plan) Dev(cell Cell) ([]dataset.Text, error) {
	data, err := p.dataset(cell)
	if err != nil {
		return nil, err
	}
	method, err := defence.Find(cell.Method)
	if err != nil {
		return nil, err
	}
	ready, err := p.prepare(cell, method, data)
	if err != nil || method.Purifier == nil {
		return ready.dev, err
	}
	judgement, err := ReadJudgement(p.Folder(cell), len(ready.suspect), ready.setting.Classes)
	_, dev, _ := ready.left(judgement.Decisions)
	return dev, err
}

// decide asks the purifier. Its model is the pretrained backbone, or a probe that it has trained.
func (p *Plan) decide(ctx context.Context, cell Cell, method defence.Method, folder string, ready prepared, hooks []ortrain.Hook) (defence.Judgement, error) {
	backbone := &backbone{plan: p, cell: cell}
	defer backbone.close()
	data, err := p.dataset(cell)
	if err != nil {
		return defence.Judgement{}, err
	}
	ahead := p.newOutlook(method, ready, len(data.TestClean)+len(data.TestPoison))
	bench := p.bench(cell, ready, ready.suspect, hooks)
	bench.Progress = func(stage string) { tell(hooks, stage, ahead.left(time.Now())) }
	backbone.ahead, backbone.say = ahead, bench.Progress
	prober := &prober{plan: p, cell: cell, folder: filepath.Join(folder, probeFolder), ready: ready, ahead: ahead, say: bench.Progress}
	defer prober.close()
	bench.Vectors, bench.Probe = backbone.vectors, prober.probe
	return method.Purify(ctx, bench)
}

// consult asks the method's expert, if it has one. It says the same of the same texts, so an interrupted cell asks it again.
func (p *Plan) consult(ctx context.Context, cell Cell, method defence.Method, ready prepared, hooks []ortrain.Hook) ([][]float32, error) {
	return method.Consult(ctx, p.bench(cell, ready, ready.train, hooks))
}

// bench is what a part of a method works with before training, on some of the untrusted texts.
func (p *Plan) bench(cell Cell, ready prepared, train []dataset.Text, hooks []ortrain.Hook) defence.Bench {
	return defence.Bench{
		Train: train, Trusted: ready.trusted, Classes: ready.setting.Classes, Seed: cell.Seed, Threads: p.Device.Threads, Values: cell.Hyperparameters,
		Hidden: p.models[cell.ModelFolder].Config.Hidden, Tokens: func(text string) []int32 { return p.encode(cell, text).tokens },
		Progress: func(stage string) { tell(hooks, stage, 0) },
	}
}

// Listener is a hook that wants to know what a cell does before its first step.
type Listener interface {
	// Stage is told what begins, or goes on, for people, and how long the cell still takes, about; 0 if nothing tells that yet.
	Stage(text string, left time.Duration)
}

func tell(hooks []ortrain.Hook, stage string, left time.Duration) {
	for _, hook := range hooks {
		if l, is := hook.(Listener); is {
			l.Stage(stage, left)
		}
	}
}

// backbone gives vectors of the pretrained model. It is opened when a purifier first asks for them.
type backbone struct {
	plan      *Plan
	cell      Cell
	evaluator *ortrain.Evaluator
	ahead     *outlook
	say       func(stage string)
}

func (b *backbone) vectors(ctx context.Context, texts []string) ([][]float32, error) {
	if b.evaluator == nil {
		topology, err := b.plan.Config.Graphs.Load(b.cell.Architecture, graphs.Evaluation)
		if err != nil {
			return nil, err
		}
		model := b.plan.models[b.cell.ModelFolder].Model
		if b.evaluator, err = ortrain.NewBackbone(model, topology, b.plan.device(b.cell)); err != nil {
			return nil, err
		}
	}
	if b.ahead.begun.IsZero() { // trusted texts, which come second, are few
		b.ahead.begun = time.Now()
		b.evaluator.Progress = func(share float64) {
			b.ahead.read(time.Now(), share)
			b.say(fmt.Sprintf(defence.Reading, len(texts)))
		}
		defer func() { b.evaluator.Progress = nil }()
	}
	return b.evaluator.Vectors(ctx, b.plan.examples(b.cell, unlabelled(texts)))
}

func (b *backbone) close() {
	if b.evaluator != nil {
		b.evaluator.Close()
	}
}

func unlabelled(texts []string) []dataset.Text {
	all := make([]dataset.Text, len(texts))
	for i, text := range texts {
		all[i].Text = text
	}
	return all
}
