package ortrain_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"mslora/graphs"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/lora"
	"mslora/ortrain"
)

// LoRA on a model with random weights, on texts of which half hold token 40.
func ExampleTrainer() {
	testort.Start(testort.Example{})
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	modelFolder, graphFolder := testmodel.Write(testort.Example{}, folder)

	model, err := ortrain.OpenModel(modelFolder)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	store, err := graphs.NewStore(graphFolder)
	if err != nil {
		log.Fatal(err)
	}
	var topologies ortrain.Topologies
	if topologies.Train, err = store.Load(model.Config.Architecture(), "lora"); err != nil {
		log.Fatal(err)
	}
	if topologies.Evaluate, err = store.Load(model.Config.Architecture(), graphs.EvaluationOf("lora")); err != nil {
		log.Fatal(err)
	}

	var examples []ortrain.Example
	for i := range int32(16) {
		examples = append(examples, ortrain.Example{Tokens: []int32{2, 5 + i, 39 + i%2}, Label: int(i % 2)})
	}
	setting := ortrain.Setting{
		Modules: lora.Setting{Rank: 3, Alpha: 6}, Epochs: 2, BatchSize: 8, LearningRate: 5e-3, ClipNorm: 1,
		Optimizer: ortrain.DefaultAdamW, Classes: 2, Seed: 42,
	}
	trainer, err := ortrain.NewTrainer(model, topologies, setting, ortrain.Data{Train: examples, Dev: examples}, folder, ortrain.Device{Provider: "cpu", Threads: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer trainer.Close()
	if err := trainer.Run(context.Background(), steps{}); err != nil {
		log.Fatal(err)
	}
	tuned, _, err := ortrain.LoadTuned(filepath.Join(folder, ortrain.BestFile))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(trainer.History()), "epochs,", len(tuned), "tensors in", ortrain.BestFile)
	// Output:
	// step 1 of 4
	// step 2 of 4
	// step 3 of 4
	// step 4 of 4
	// 2 epochs, 10 tensors in best.safetensors
}

// steps prints the number of each step.
type steps struct{ ortrain.NoHook }

func (steps) Step(_ context.Context, _ *ortrain.Run, r ortrain.StepRecord) error {
	fmt.Println("step", r.Step, "of", r.Steps)
	return nil
}
