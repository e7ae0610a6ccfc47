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

// counting counts what a row is asked for.
type counting struct {
	shaky
	asked *Demand
}

func (c counting) Logits(ctx context.Context, texts []string) ([][]float32, error) {
	c.asked.Readings += len(texts)
	return c.shaky.Logits(ctx, texts)
}

func (c counting) Gradient(ctx context.Context, texts []string, targets [][]float32) ([]float32, error) {
	c.asked.Gradients += len(texts)
	return c.shaky.Gradient(ctx, texts, targets)
}

// What a filter says that it will ask is what it asks; of texts of an unprotected class RAP asks less.
func TestSiftingDemand(t *testing.T) {
	texts := []string{"the film mn is bad", "good", "a film is good", ""}
	for _, test := range []struct {
		method    string
		protected []int
		over      params.Values
		less      int
	}{
		{"onion", nil, nil, 0}, {"strip", nil, params.Values{stripCopies: 3}, 0}, {"rap", nil, nil, 0}, {"rap", []int{1}, nil, 0}, {"rap", []int{0}, nil, 4},
		{"rap", nil, params.Values{"rap_variant": "authors", rapEpochs: 2}, 0}, {"vanilla", nil, nil, 0},
	} {
		method, err := Find(test.method)
		if err != nil {
			t.Fatal(err)
		}
		var asked Demand
		row := counting{shaky{[]float32{1}}, &asked}
		bench := trusting(test.over, trustedTexts(300)...)
		bench.Protected, bench.Logits, bench.Tokens = test.protected, row.Logits, oneToken
		bench.OpenRow = func(int32) (Row, error) { return row, nil }
		bench.LogProbabilities = func(ctx context.Context, texts []string, longest int) ([][]float32, error) {
			asked.Readings += len(texts)
			return surprised(ctx, texts, longest)
		}
		sieve, err := method.Sieve(t.Context(), bench)
		if err == nil && sieve != nil {
			_, err = sieve(t.Context(), texts)
		}
		if err != nil {
			t.Errorf("%s: %v", test.method, err)
		}
		asked.Readings += test.less
		if said := method.SiftingDemand(bench, texts); said != asked {
			t.Errorf("%s says %+v, and asks %+v", test.method, said, asked)
		}
	}
}
