package experiment

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"mslora/dataset"
	"mslora/defence"
	"mslora/eval"
	"mslora/graphs"
	"mslora/internal/atomicfile"
	"mslora/internal/hint"
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
	judgement, err := readJudgement(folder, len(ready.suspect))
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
	result := purified{record: &eval.Purified{Texts: len(judgement.Decisions), Attacked: judgement.Attacked, Treatment: treatment(cell), Seconds: took.Seconds()}}
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
	judgement, err := readJudgement(p.Folder(cell), len(ready.suspect))
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

// decisionsHeader is the first line of purified.csv. Rows stand in the order of the training texts.
var decisionsHeader = []string{"row", "keep", "why", "label", "weight"}

// writeJudgement leaves attacked.json, then purified.csv: where there is one, both are whole.
func writeJudgement(folder string, j defence.Judgement) error {
	attacked, err := json.MarshalIndent(j.Attacked, "", "  ")
	if err != nil {
		return err
	}
	if err := atomicfile.WriteFile(filepath.Join(folder, attackedFile), append(attacked, '\n'), 0o644); err != nil {
		return err
	}
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Write(decisionsHeader)
	for i, d := range j.Decisions {
		label, weight := "", ""
		if d.Relabelled {
			label = strconv.Itoa(d.Label)
		}
		if d.Weight != 0 {
			weight = strconv.FormatFloat(float64(d.Weight), 'g', -1, 32)
		}
		w.Write([]string{strconv.Itoa(i), strconv.FormatBool(d.Keep), d.Why, label, weight})
	}
	w.Flush()
	return errors.Join(w.Error(), atomicfile.WriteFile(filepath.Join(folder, PurifiedFile), text.Bytes(), 0o644))
}

func readJudgement(folder string, texts int) (j defence.Judgement, err error) {
	path := filepath.Join(folder, PurifiedFile)
	file, err := os.Open(path)
	if err != nil {
		return j, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	damaged := func(path, format string, values ...any) error {
		return hint.New("remove "+PurifiedFile+" to have the texts purified again", path+": "+format, values...)
	}
	switch {
	case err != nil:
		return j, damaged(path, "%w", err)
	case len(rows) != texts+1:
		return j, damaged(path, "%d decisions, expected %d", max(0, len(rows)-1), texts)
	}
	j.Decisions = make([]defence.Decision, texts)
	for i, row := range rows[1:] {
		if j.Decisions[i], err = parseDecision(i, row); err != nil {
			return j, damaged(path, "line %d: %s", i+2, fmt.Sprint(row))
		}
	}
	path = filepath.Join(folder, attackedFile)
	switch data, err := os.ReadFile(path); {
	case errors.Is(err, fs.ErrNotExist): // made by a version that judged no labels
	case err != nil:
		return j, err
	default:
		if err := json.Unmarshal(data, &j.Attacked); err != nil {
			return j, damaged(path, "%w", err)
		}
	}
	return j, nil
}

func parseDecision(i int, row []string) (d defence.Decision, err error) {
	if len(row) != len(decisionsHeader) || row[0] != strconv.Itoa(i) {
		return d, errors.New("another row")
	}
	if d.Keep, err = strconv.ParseBool(row[1]); err != nil {
		return d, err
	}
	d.Why = row[2]
	if d.Relabelled = row[3] != ""; d.Relabelled {
		if d.Label, err = strconv.Atoi(row[3]); err != nil {
			return d, err
		}
	}
	if row[4] == "" {
		return d, nil
	}
	weight, err := strconv.ParseFloat(row[4], 32)
	d.Weight = float32(weight)
	return d, err
}
