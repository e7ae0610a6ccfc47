package defence

import (
	"context"
	"testing"

	"mslora/params"
)

// What a purifier says that it will ask is what it asks.
func TestDemand(t *testing.T) {
	for _, method := range Methods {
		if method.Purifier == nil {
			if got := method.Demand(Bench{}); got != (Demand{}) {
				t.Errorf("%s: %+v", method.Name, got)
			}
			continue
		}
		bench, _ := poisonedBench(400, params.Values{params.Epochs: 3, cubeEpochs: 2, cubeNeighbours: 30, cubeMinSamples: 10})
		bench.Trusted = bench.Train[:40]
		var asked Demand
		probe := bench.Probe
		count := func(vectors func(context.Context, []string) ([][]float32, error)) func(context.Context, []string) ([][]float32, error) {
			return func(ctx context.Context, texts []string) ([][]float32, error) {
				asked.Readings += len(texts)
				return vectors(ctx, texts)
			}
		}
		bench.Probe = func(ctx context.Context, probing Probing) (Probe, error) {
			asked.Epochs += probing.Epochs
			made, err := probe(ctx, probing)
			made.Vectors = count(made.Vectors)
			return made, err
		}
		pretrained, err := probe(context.Background(), Probing{})
		if err != nil {
			t.Fatal(err)
		}
		bench.Vectors = count(pretrained.Vectors)
		if _, err := method.Purify(context.Background(), bench); err != nil {
			t.Errorf("%s: %v", method.Name, err)
		}
		if said := method.Demand(bench); said != asked {
			t.Errorf("%s says %+v, and asks %+v", method.Name, said, asked)
		}
	}
}
