// Command steps trains on demand for the benchmark: it prints the batches that it will train on and the auxiliary
// batch, which is also the dev set, then runs one step for each line that it reads and answers with the time. The
// benchmark's PyTorch side takes turns with it, so both see the same machine.
//
// usage: steps MODEL_FOLDER TEXTS.csv METHOD BATCHES THREADS TOKENS BATCH_SIZE [PRECISION [PROFILE]]
//
// Texts are joined until they have TOKENS words and cut to TOKENS tokens, 0 leaves them as they are; the file is read as often as
// that takes. PRECISION is float32 or int8. With PROFILE, ONNX Runtime writes the time of each operation into files whose names begin so.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"mslora/dataset"
	"mslora/defence"
	"mslora/experiment"
	"mslora/graphs"
	"mslora/internal/ortlib"
	"mslora/internal/tokenizer"
	"mslora/ortrain"
)

// maxTokens is the longest text of the presets.
const maxTokens = 512

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	const usage = "usage: steps MODEL_FOLDER TEXTS.csv METHOD BATCHES THREADS TOKENS BATCH_SIZE [PRECISION [PROFILE]]"
	if len(arguments) < 7 || len(arguments) > 9 {
		return errors.New(usage)
	}
	arguments = append(arguments, []string{ortrain.PrecisionFloat32, ""}[len(arguments)-7:]...)
	var numbers [4]int // batches, threads, tokens, batch size
	for i, text := range arguments[3:7] {
		var err error
		if numbers[i], err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%s: %w", usage, err)
		}
	}
	if err := ortlib.Start(""); err != nil {
		return err
	}
	device, notice, err := ortrain.Device{Provider: "cpu", Threads: numbers[1], Profile: arguments[8]}.WithPrecision(arguments[7])
	if err != nil {
		return err
	}
	if notice != "" {
		return errors.New(notice)
	}
	trainer, dev, folder, loading, err := open(arguments[0], arguments[1], arguments[2], numbers[0], numbers[2], numbers[3], device)
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	defer trainer.Close()
	return serve(trainer, dev, numbers[0], loading)
}

// open makes a trainer for one epoch over the first texts of a CSV file. Loading is what NewTrainer takes.
func open(modelFolder, texts, methodName string, batches, tokens, batchSize int, device ortrain.Device) (trainer *ortrain.Trainer, dev []ortrain.Example, folder string,
	loading time.Duration, err error) {
	model, err := ortrain.OpenModel(modelFolder)
	if err != nil {
		return nil, nil, "", 0, err
	}
	encoder, err := tokenizer.Open(modelFolder)
	if err != nil {
		return nil, nil, "", 0, err
	}
	rows, err := dataset.ReadTexts(texts)
	if err != nil {
		return nil, nil, "", 0, err
	}
	longest := tokens
	if tokens == 0 {
		longest = maxTokens
	}
	var examples []ortrain.Example
	for _, row := range join(rows, tokens, (batches+1)*batchSize) {
		examples = append(examples, ortrain.Example{Tokens: encoder.Encode(row.Text, longest), Label: row.Label})
	}
	method, err := defence.Find(methodName)
	if err != nil {
		return nil, nil, "", 0, err
	}
	preset, err := experiment.FindPreset("authors", model.Config.Architecture())
	if err != nil {
		return nil, nil, "", 0, err
	}
	values := preset.For(method, nil)
	both, err := method.Topologies(model.Config.Architecture(), graphs.Store{}, values)
	if err != nil {
		return nil, nil, "", 0, err
	}
	setting := ortrain.Setting{
		Modules: defence.Modules(values),
		Epochs:  1, BatchSize: batchSize, LearningRate: 2e-5, ClipNorm: 1, Optimizer: ortrain.DefaultAdamW, Classes: 2, Seed: 42,
	}
	data := ortrain.Data{Train: examples[:batches*batchSize], Dev: examples[batches*batchSize:]}
	if method.Aligned {
		data.Auxiliary = data.Dev
		if setting.Align, err = method.Rule(values); err != nil {
			return nil, nil, "", 0, err
		}
	}
	if folder, err = os.MkdirTemp("", "mslora-bench-"); err != nil {
		return nil, nil, "", 0, err
	}
	begin := time.Now()
	trainer, err = ortrain.NewTrainer(model, both, setting, data, folder, device)
	return trainer, data.Dev, folder, time.Since(begin), err
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
func serve(trainer *ortrain.Trainer, dev []ortrain.Example, batches int, loading time.Duration) error {
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
	err := trainer.Run(context.Background(), &stopwatch{trainer: trainer, lines: lines, out: out, loading: loading, begin: time.Now()})
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// stopwatch is the hook that answers: it lets a step begin when a line comes.
type stopwatch struct {
	ortrain.NoHook
	trainer *ortrain.Trainer
	lines   *bufio.Scanner
	out     *json.Encoder
	loading time.Duration
	begin   time.Time
}

func (s *stopwatch) Step(_ context.Context, _ *ortrain.Run, r ortrain.StepRecord) error {
	c := s.trainer.Clock
	s.out.Encode(map[string]any{"seconds": time.Since(s.begin).Seconds(), "loss": r.Loss, "graph": c.Graph.Seconds(),
		"go": (c.Wait + c.Alignment + c.Optimizer).Seconds(), "optimizer": c.Optimizer.Seconds(), "peak_bytes": peakMemory(), "loading": s.loading.Seconds()})
	if !s.lines.Scan() {
		return io.EOF
	}
	s.begin = time.Now()
	return nil
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
