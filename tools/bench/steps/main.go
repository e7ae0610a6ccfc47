// Command steps trains on demand for the benchmark: it prints the batches that it will train on, then runs
// one step for each line that it reads and answers with the time. The benchmark's PyTorch side takes turns
// with it, so both see the same machine.
//
// usage: steps MODEL_FOLDER TEXTS.csv METHOD BATCHES THREADS
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/experiment"
	"mslora/internal/ortlib"
	"mslora/internal/tokenizer"
	"mslora/ortrain"
	"mslora/poison"
)

const batchSize = 32

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 5 {
		return fmt.Errorf("usage: steps MODEL_FOLDER TEXTS.csv METHOD BATCHES THREADS")
	}
	batches, err := strconv.Atoi(arguments[3])
	if err != nil {
		return err
	}
	threads, err := strconv.Atoi(arguments[4])
	if err != nil {
		return err
	}
	library, _, err := ortlib.Find("")
	if err != nil {
		return err
	}
	ort.SetSharedLibraryPath(library)
	if err := ort.InitializeEnvironment(); err != nil {
		return err
	}
	trainer, folder, err := open(arguments[0], arguments[1], arguments[2], batches, threads)
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	return serve(trainer, batches)
}

// open makes a trainer for one epoch over the first texts of a CSV file.
func open(modelFolder, texts, methodName string, batches, threads int) (*ortrain.Trainer, string, error) {
	model, err := ortrain.OpenModel(modelFolder)
	if err != nil {
		return nil, "", err
	}
	encoder, err := tokenizer.Open(modelFolder)
	if err != nil {
		return nil, "", err
	}
	rows, err := poison.ReadTexts(texts)
	if err != nil {
		return nil, "", err
	}
	if len(rows) < batches*batchSize+batchSize {
		return nil, "", fmt.Errorf("%s has %d texts, expected at least %d", texts, len(rows), (batches+1)*batchSize)
	}
	var examples []ortrain.Example
	for _, row := range rows[:batches*batchSize+batchSize] {
		examples = append(examples, ortrain.Example{Tokens: encoder.Encode(row.Text, 512), Label: row.Label})
	}
	method, err := experiment.FindMethod(methodName)
	if err != nil {
		return nil, "", err
	}
	both, err := method.Topologies(model.Config.Architecture(), "")
	if err != nil {
		return nil, "", err
	}
	preset, err := experiment.FindPreset("authors", model.Config.Architecture())
	if err != nil {
		return nil, "", err
	}
	setting := ortrain.Setting{
		Modules: preset.Modules(),
		Epochs:  1, BatchSize: batchSize, LearningRate: 2e-5, ClipNorm: 1, Optimizer: ortrain.DefaultAdamW, Classes: 2, Seed: 42,
	}
	data := ortrain.Data{Train: examples[:batches*batchSize], Dev: examples[batches*batchSize:]}
	if method.Aligned {
		data.Auxiliary = data.Dev
		setting.Align = preset.Alignment()
	}
	folder, err := os.MkdirTemp("", "mslora-bench-")
	if err != nil {
		return nil, "", err
	}
	trainer, err := ortrain.NewTrainer(model, both, setting, data, folder, ortrain.Device{Provider: "cpu", Threads: threads})
	return trainer, folder, err
}

// serve prints the batches as JSON, then answers each line of standard input with one step.
func serve(trainer *ortrain.Trainer, batches int) error {
	out := json.NewEncoder(os.Stdout)
	for step := range batches {
		if err := out.Encode(trainer.Batch(step)); err != nil {
			return err
		}
	}
	lines := bufio.NewScanner(os.Stdin)
	if !lines.Scan() {
		return nil
	}
	begin := time.Now()
	return trainer.Run(context.Background(), ortrain.Observer{
		Step: func(r ortrain.StepRecord) {
			c := trainer.Clock
			out.Encode(map[string]any{"seconds": time.Since(begin).Seconds(), "loss": r.Loss, "graph": c.Graph.Seconds(),
				"go": (c.Wait + c.Alignment + c.Optimizer).Seconds(), "optimizer": c.Optimizer.Seconds(), "peak_bytes": peakMemory()})
			if !lines.Scan() {
				os.Exit(0)
			}
			begin = time.Now()
		},
		Epoch: func([]ortrain.EpochRecord) error {
			return out.Encode(map[string]any{"evaluation": trainer.Clock.Evaluation.Seconds(), "peak_bytes": peakMemory()})
		},
	})
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
