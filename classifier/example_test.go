package classifier_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"mslora/classifier"
	"mslora/graphs"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/lora"
	"mslora/ortrain"
)

// A tiny model that has learned nothing yet is saved, opened and asked.
func Example() {
	testort.Start(testort.Example{})
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	modelFolder, graphFolder := testmodel.Write(testort.Example{}, folder)
	store, err := graphs.NewStore(graphFolder)
	if err != nil {
		log.Fatal(err)
	}
	model, err := ortrain.OpenModel(modelFolder)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()

	// LoRA as it is drawn, before any step.
	var topologies ortrain.Topologies
	for name, topology := range map[string]**graphs.Topology{"lora": &topologies.Train, graphs.Evaluation: &topologies.Evaluate} {
		if *topology, err = store.Load(model.Config.Architecture(), name); err != nil {
			log.Fatal(err)
		}
	}
	modules, device := lora.Setting{Rank: 3, Alpha: 6}, ortrain.Device{Provider: "cpu", Threads: 1}
	text := []ortrain.Example{{Tokens: []int32{2, 5, 3}}}
	trainer, err := ortrain.NewTrainer(model, topologies, ortrain.Setting{Modules: modules, Epochs: 1, BatchSize: 1, Classes: 2},
		ortrain.Data{Train: text, Dev: text}, folder, device)
	if err != nil {
		log.Fatal(err)
	}
	defer trainer.Close()

	trained := classifier.Trained{
		Model: model, Base: "some/model", Modules: modules, Tuned: trainer.LastTuned(), Labels: []string{"bad", "good"}, Graphs: store,
	}
	saved := filepath.Join(folder, "classifier")
	if err := trained.Save(saved); err != nil {
		log.Fatal(err)
	}
	opened, err := classifier.Open(saved, store, device)
	if err != nil {
		log.Fatal(err)
	}
	defer opened.Close()
	predictions, err := opened.Predict(context.Background(), []string{"a good film", "a bad film"})
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range predictions {
		fmt.Println(len(p.Probabilities), "probabilities, the greatest is of one of", opened.Labels)
	}
	// Output:
	// 2 probabilities, the greatest is of one of [bad good]
	// 2 probabilities, the greatest is of one of [bad good]
}
