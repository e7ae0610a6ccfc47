// Command steps trains on demand for the benchmark: it prints the batches that it will train on and the auxiliary
// batch, which is also the dev set, then runs one step for each line that it reads and answers with the time. The
// benchmark's PyTorch side takes turns with it, so both see the same machine.
//
// usage: steps MODEL_FOLDER TEXTS.csv METHOD BATCHES THREADS WORDS
//
// Texts are joined until they have WORDS words, 0 leaves them as they are; the file is read as often as that takes.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/dataset"
	"mslora/defence"
	"mslora/experiment"
	"mslora/graphs"
	"mslora/internal/ortlib"
	"mslora/internal/tokenizer"
	"mslora/ortrain"
)

const batchSize = 32

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	const usage = "usage: steps MODEL_FOLDER TEXTS.csv METHOD BATCHES THREADS WORDS"
	if len(arguments) != 6 {
		return errors.New(usage)
	}
	var numbers [3]int // batches, threads, words
	for i, text := range arguments[3:] {
		var err error
		if numbers[i], err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%s: %w", usage, err)
		}
	}
	library, _, err := ortlib.Find("")
	if err != nil {
		return err
	}
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(); err != nil {
		return err
	}
	trainer, dev, folder, err := open(arguments[0], arguments[1], arguments[2], numbers[0], numbers[1], numbers[2])
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	return serve(trainer, dev, numbers[0])
}

// open makes a trainer for one epoch over the first texts of a CSV file.
func open(modelFolder, texts, methodName string, batches, threads, words int) (trainer *ortrain.Trainer, dev []ortrain.Example, folder string, err error) {
	model, err := ortrain.OpenModel(modelFolder)
	if err != nil {
		return nil, nil, "", err
	}
	encoder, err := tokenizer.Open(modelFolder)
	if err != nil {
		return nil, nil, "", err
	}
	rows, err := dataset.ReadTexts(texts)
	if err != nil {
		return nil, nil, "", err
	}
	var examples []ortrain.Example
	for _, row := range join(rows, words, (batches+1)*batchSize) {
		examples = append(examples, ortrain.Example{Tokens: encoder.Encode(row.Text, 512), Label: row.Label})
	}
	method, err := defence.Find(methodName)
	if err != nil {
		return nil, nil, "", err
	}
	preset, err := experiment.FindPreset("authors", model.Config.Architecture())
	if err != nil {
		return nil, nil, "", err
	}
	values := preset.For(method, nil)
	both, err := method.Topologies(model.Config.Architecture(), graphs.Store{}, values)
	if err != nil {
		return nil, nil, "", err
	}
	setting := ortrain.Setting{
		Modules: defence.Modules(values),
		Epochs:  1, BatchSize: batchSize, LearningRate: 2e-5, ClipNorm: 1, Optimizer: ortrain.DefaultAdamW, Classes: 2, Seed: 42,
	}
	data := ortrain.Data{Train: examples[:batches*batchSize], Dev: examples[batches*batchSize:]}
	if method.Aligned {
		data.Auxiliary = data.Dev
		if setting.Align, err = method.Rule(values); err != nil {
			return nil, nil, "", err
		}
	}
	if folder, err = os.MkdirTemp("", "mslora-bench-"); err != nil {
		return nil, nil, "", err
	}
	trainer, err = ortrain.NewTrainer(model, both, setting, data, folder, ortrain.Device{Provider: "cpu", Threads: threads})
	return trainer, data.Dev, folder, err
}

// join makes n texts of at least words words, each of consecutive rows and with the first one's label.
func join(rows []dataset.Text, words, n int) []dataset.Text {
	joined := make([]dataset.Text, n)
	next := 0
	for i := range joined {
		joined[i].Label = rows[next%len(rows)].Label
		var text []string
		for len(text) == 0 || len(text) < words {
			text = append(text, strings.Fields(rows[next%len(rows)].Text)...)
			next++
		}
		joined[i].Text = strings.Join(text, " ")
	}
	return joined
}

// serve prints the batches as JSON, then answers each line of standard input with one step.
func serve(trainer *ortrain.Trainer, dev []ortrain.Example, batches int) error {
	out := json.NewEncoder(os.Stdout)
	for step := range batches {
		if err := out.Encode(trainer.Batch(step)); err != nil {
			return err
		}
	}
	if err := out.Encode(dev); err != nil {
		return err
	}
	lines := bufio.NewScanner(os.Stdin)
	if !lines.Scan() {
		return nil
	}
	return trainer.Run(context.Background(), &stopwatch{trainer: trainer, lines: lines, out: out, begin: time.Now()})
}

// stopwatch is the hook that answers: it lets a step begin when a line comes.
type stopwatch struct {
	ortrain.NoHook
	trainer *ortrain.Trainer
	lines   *bufio.Scanner
	out     *json.Encoder
	begin   time.Time
}

func (s *stopwatch) Step(_ context.Context, _ *ortrain.Run, r ortrain.StepRecord) error {
	c := s.trainer.Clock
	s.out.Encode(map[string]any{"seconds": time.Since(s.begin).Seconds(), "loss": r.Loss, "graph": c.Graph.Seconds(),
		"go": (c.Wait + c.Alignment + c.Optimizer).Seconds(), "optimizer": c.Optimizer.Seconds(), "peak_bytes": peakMemory()})
	if !s.lines.Scan() {
		os.Exit(0)
	}
	s.begin = time.Now()
	return nil
}

func (s *stopwatch) Epoch(context.Context, *ortrain.Run, []ortrain.EpochRecord) error {
	return s.out.Encode(map[string]any{"evaluation": s.trainer.Clock.Evaluation.Seconds(), "peak_bytes": peakMemory()})
}

// peakMemory is the largest resident size of this process so far, in bytes.
func peakMemory() int64 {
	status, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer status.Close()
	var kilobytes int64
	for lines := bufio.NewScanner(status); lines.Scan(); {
		if _, err := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kilobytes); err == nil {
			break
		}
	}
	return kilobytes << 10
}
