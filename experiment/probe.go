package experiment

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"mslora/defence"
	"mslora/internal/atomicfile"
	"mslora/lora"
	"mslora/ortrain"
	"mslora/params"
)

// probeFolder is the folder, in a cell's, of a probe while its purifier works: a checkpoint that an interrupted probe goes on from, and
// probeLogits, a line of scores for each epoch.
const (
	probeFolder = "probe"
	probeLogits = "logits.jsonl"
)

// prober trains what a purifier asks for, one probe at most.
type prober struct {
	plan    *Plan
	cell    Cell
	folder  string
	ready   prepared
	ahead   *outlook
	say     func(stage string)
	trainer *ortrain.Trainer
}

// probe trains as method vanilla does, on all texts that the purifier decides on.
func (p *prober) probe(ctx context.Context, probing defence.Probing) (defence.Probe, error) {
	if p.trainer != nil {
		return defence.Probe{}, errors.New("a purifier trains one probe")
	}
	vanilla, err := defence.Find("vanilla")
	if err != nil {
		return defence.Probe{}, err
	}
	topologies, err := vanilla.Topologies(p.cell.Architecture, p.plan.Config.Graphs, p.cell.Hyperparameters.Only(vanilla.Parts(p.cell.Hyperparameters)))
	if err != nil {
		return defence.Probe{}, err
	}
	setting := p.ready.setting
	setting.Align, setting.Modules, setting.Epochs, setting.Ascent = nil, lora.Setting{}, probing.Epochs, probing.Ascent
	data := p.plan.tokenised(p.cell, prepared{train: p.ready.suspect, dev: p.ready.dev})
	if err := os.MkdirAll(p.folder, 0o755); err != nil {
		return defence.Probe{}, err
	}
	if err := atomicfile.Clean(p.folder); err != nil {
		return defence.Probe{}, err
	}
	p.trainer, err = ortrain.NewTrainer(p.plan.models[p.cell.ModelFolder].Model, topologies, setting, data, p.folder, p.plan.Device)
	if err != nil {
		return defence.Probe{}, err
	}
	hook := &probeHook{texts: data.Train, epochs: probing.Epochs, ahead: p.ahead, say: p.say}
	hook.Path = filepath.Join(p.folder, probeLogits)
	if err := p.trainer.Run(ctx, hook); err != nil {
		return defence.Probe{}, err
	}
	logits, err := readProbeLogits(hook.Path)
	if err != nil {
		return defence.Probe{}, err
	}
	evaluator, tuned := p.trainer.Evaluator(), p.trainer.LastTuned()
	return defence.Probe{
		Logits: logits,
		Vectors: func(ctx context.Context, texts []string) ([][]float32, error) {
			return evaluator.Vectors(ctx, p.read(texts))
		},
		Pool: func(vectors [][]float32) [][]float32 { return tuned.Pool(vectors, p.plan.Device.Threads) },
	}, evaluator.Use(tuned)
}

// read tokenises texts that nobody reads again: they are not kept in the plan's memory.
func (p *prober) read(texts []string) []ortrain.Example {
	reader, longest := p.plan.models[p.cell.ModelFolder].tokenizer, p.cell.Hyperparameters.Int(params.MaxTokens)
	examples := make([]ortrain.Example, len(texts))
	for i, text := range texts {
		examples[i].Tokens = reader.Encode(text, longest)
	}
	return examples
}

func (p *prober) close() error {
	if p.trainer == nil {
		return nil
	}
	return p.trainer.Close()
}

// probeHook keeps what a probe says of its texts after each epoch, and tells how far it is.
type probeHook struct {
	ortrain.Lines
	texts  []ortrain.Example
	epochs int
	ahead  *outlook
	say    func(stage string)
	told   time.Time
}

// probeLine is a line of probeLogits.
type probeLine struct {
	Step   int         `json:"step"`
	Logits [][]float32 `json:"logits"` // [texts][classes]
}

// probeReports is how often the progress of a probe is told.
const probeReports = 10 * time.Second

func (h *probeHook) Step(_ context.Context, _ *ortrain.Run, r ortrain.StepRecord) error {
	h.ahead.probed(time.Now(), r.Step, r.Steps)
	if time.Since(h.told) >= probeReports {
		h.told = time.Now()
		h.say(fmt.Sprintf("looking for poisoned texts: training, epoch %d of %d, step %d of %d, loss %.3f", r.Epoch, h.epochs, r.Step, r.Steps, r.Loss))
	}
	return nil
}

func (h *probeHook) Epoch(ctx context.Context, run *ortrain.Run, _ []ortrain.EpochRecord) error {
	logits, err := run.Logits(ctx, h.texts)
	if err != nil {
		return err
	}
	return h.Append(probeLine{Step: run.Step(), Logits: logits})
}

// readProbeLogits gives the scores [epochs][texts][classes] that a probe left.
func readProbeLogits(path string) (logits [][][]float32, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	for decoder := json.NewDecoder(bufio.NewReader(file)); decoder.More(); {
		var line probeLine
		if err := decoder.Decode(&line); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		logits = append(logits, line.Logits)
	}
	return logits, nil
}
