package ortrain

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io/fs"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/internal/pagetable"
	"mslora/internal/testort"
	"mslora/internal/tokenizer"
)

// cosine is that of the angle between two vectors.
func cosine(a, b []float32) float64 {
	var both, ofA, ofB float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		both, ofA, ofB = both+x*y, ofA+x*x, ofB+y*y
	}
	return both / math.Sqrt(ofA*ofB)
}

// Gradients in 8 bits point where PyTorch's do, of each tensor, and the loss is near its. Measured: cosines of .9977 at least, losses off by
// .4 % at most.
func TestInt8Gradients(t *testing.T) {
	const least, most = 0.995, 0.01
	eachParity(t, func(t *testing.T, c parityCase) {
		if c.method == "full" {
			return // nothing is frozen
		}
		c.int8 = true
		p := openParity(t, c, 2)
		g, err := p.step.gradients(p.parts("batch32/", math.MaxInt), p.buffer)
		if err != nil {
			t.Fatal(err)
		}
		if want := float64(p.floats("batch32/loss")[0]); math.Abs(g.Loss-want) > most*want {
			t.Errorf("the loss is %v, PyTorch's %v", g.Loss, want)
		}
		worst := 1.0
		for i, parameter := range p.step.parameters {
			got := cosine(g.Values[i], p.floats("batch32/grad."+parameter.Name))
			worst = min(worst, got)
			if !(got >= least) {
				t.Errorf("the gradient of %s has cosine %.4f, want %v", parameter.Name, got, least)
			}
		}
		t.Logf("loss %v, PyTorch's %v; cosines are at least %.4f", g.Loss, p.floats("batch32/loss")[0], worst)
	})
}

// Logits of the evaluation graph in 8 bits are near PyTorch's, and a text has the same ones alone and among others. Measured: off by 2.5 % of
// their norm at most.
func TestInt8Evaluation(t *testing.T) {
	const most = 0.04
	eachParity(t, func(t *testing.T, c parityCase) {
		c.int8 = true
		p := openParity(t, c, 1)
		evaluator, _ := p.evaluator(2)
		examples, _ := p.examples("batch32/")
		logits, err := evaluator.Logits(t.Context(), examples)
		if err != nil {
			t.Fatal(err)
		}
		off, size := distance(slices.Concat(logits...), p.floats("batch32/evaluation"))
		if t.Logf("the logits are off by %.2g", off/size); off > most*size {
			t.Errorf("the logits are off by %.2g", off/size)
		}
		for i := range examples[:4] {
			alone, err := evaluator.Logits(t.Context(), examples[i:i+1])
			if err != nil {
				t.Fatal(err)
			}
			if off, size := distance(alone[0], logits[i]); off > 1e-5*size {
				t.Errorf("text %d: %v alone, %v among others", i, alone[0], logits[i])
			}
		}
	})
}

// A run in 8 bits has the same bits again, on any number of threads, and when it is stopped and goes on; other bits than in float32.
func TestInt8Repeats(t *testing.T) {
	for _, method := range []string{"lora+mslr", "lora", "adapter", "prefix"} {
		t.Run(method, func(t *testing.T) {
			run := func(threads int, int8 bool, stops ...int) []byte {
				folder := t.TempDir()
				model, topologies := tinyModel(t, method)
				device := testDevice(t, threads)
				device.Int8 = int8
				for {
					trainer, err := NewTrainer(model, topologies, tinySetting(method), tinyData(), folder, device)
					if err != nil {
						t.Fatal(err)
					}
					ctx, cancel := context.WithCancel(t.Context())
					err = trainer.Run(ctx, afterStep(func(_ *Run, r StepRecord) error {
						if len(stops) > 0 && r.Step == stops[0] {
							cancel()
						}
						return nil
					}))
					cancel()
					trainer.Close()
					if errors.Is(err, context.Canceled) && len(stops) > 0 {
						stops = stops[1:]
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					return read(t, folder, BestFile)
				}
			}
			first := run(1, true)
			for name, other := range map[string][]byte{"again": run(1, true), "on 2 threads": run(2, true), "stopped twice": run(2, true, 4, 13)} {
				if !bytes.Equal(first, other) {
					t.Errorf("%s: other bits", name)
				}
			}
			if bytes.Equal(first, run(1, false)) {
				t.Error("float32 gives the same bits")
			}
		})
	}
}

// Of a weight that is rounded no float32 copy is counted.
func TestInt8Memory(t *testing.T) {
	testort.Start(t)
	memory := func(int8 bool) Memory {
		model, topologies := tinyModel(t, "lora+mslr")
		device := testDevice(t, 2)
		device.Int8 = int8
		trainer, err := NewTrainer(model, topologies, tinySetting("lora+mslr"), tinyData(), t.TempDir(), device)
		if err != nil {
			t.Fatal(err)
		}
		defer trainer.Close()
		m, err := trainer.Memory()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	float, whole := memory(false), memory(true)
	const layers, d, inner = 2, 36, 50
	matrices := int64(layers*(4*d*d+2*d*inner) + d*d)                // values; all are multiplied forward, and backward but for the first query, key and value
	merged := int64(layers*2*d*d + d*d)                              // of query, value and pooler, which stay float32 in the evaluation graph
	want := 2*matrices - 3*d*d + matrices - merged                   // bytes
	if scales := whole.Packed - want; scales <= 0 || scales > 15e3 { // 4 bytes a column, and the tensors' names
		t.Errorf("packed %d, want %d and scales", whole.Packed, want)
	}
	if got := float.Weights - whole.Weights; got != 4*matrices {
		t.Errorf("%d bytes of weights are gone, want %d", got, 4*matrices)
	}
	if float.Merged != whole.Merged || float.Saved != whole.Saved || float.Tuned != whole.Tuned {
		t.Errorf("%+v in float32, %+v in 8 bits", float, whole)
	}
}

var keepCosines = flag.String("cosines", "", "`FILE` that keeps the cosines of TestInt8RealModels, for docs/performance.md")

// On real models, without dropout: cosines with the gradients in float32, of the worst tensor and over all. The [CLS] vectors of BERT-base are
// nearly alike before training, so what the labels pull at cancels, and little is left of some tensors' gradients.
func TestInt8RealModels(t *testing.T) {
	kept := pagetable.Record{
		Command: "go test ./ortrain -run TestInt8RealModels -cosines FILE", Versions: map[string]string{"go": strings.TrimPrefix(runtime.Version(), "go")},
		Columns: []pagetable.Column{{Name: "model"}, {Name: "least of all tensors", Format: ".3f"}, {Name: "all tensors together", Format: ".3f"}},
	}
	for _, m := range []struct {
		name              string
		least, leastOfAll float64
	}{{"bge-small", 0.95, 0.995}, {"bert-base", 0.5, 0.995}, {"smollm2-135m", 0.55, 0.99}} {
		t.Run(m.name, func(t *testing.T) {
			worst, together := compareInt8Gradients(t, "../.deps/models/"+m.name, m.least, m.leastOfAll)
			kept.Rows = append(kept.Rows, []any{m.name, worst, together})
		})
	}
	if *keepCosines != "" {
		if err := pagetable.WriteFile(*keepCosines, kept); err != nil {
			t.Error(err)
		}
	}
}

// compareInt8Gradients gives the cosine of the worst tensor and that of all together.
func compareInt8Gradients(t *testing.T, folder string, least, leastOfAll float64) (worst, together float64) {
	model, err := OpenModel(folder)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("not fetched")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	testort.Start(t)
	reader, err := tokenizer.Open(model.Folder)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	var texts []Example
	for i, text := range []string{
		"a gorgeous , witty , seductive movie .", "the plot is nothing but boilerplate clichés from start to finish .",
		"it 's a charming and often affecting journey .", "too slow , too long and too little happens .",
		"unflinchingly bleak and desperate", "allows us to hope that nolan is poised to embark a major career as a filmmaker .",
		"the acting , costumes , music , cinematography and sound are all astounding .", "half of it is composed of snappy patter and pseudo-sophisticated cultural observations .",
	} {
		texts = append(texts, Example{Tokens: reader.Encode(text, 512), Label: (i + 1) % 2})
	}
	topology, err := graphs.Store{}.Load(model.Config.Architecture(), "lora")
	if err != nil {
		t.Fatal(err)
	}
	topology.Manifest.Dropout = 0
	gradients := func(int8 bool) (all [][]float32, names []string) {
		device := testDevice(t, 2)
		device.Int8 = int8
		step, _, err := newStepper(model, topology, tinySetting("lora"), device)
		if err != nil {
			t.Fatal(err)
		}
		defer step.close()
		random := rand.New(rand.NewPCG(7, 8))
		for _, p := range step.parameters {
			names = append(names, p.Name)
			if strings.HasSuffix(p.Name, loraB) { // else A has no gradient
				for i := range p.Data {
					p.Data[i] = float32(random.NormFloat64() / 50)
				}
			}
		}
		buffer, err := newGradientBuffer(step.parameters, step.manifest.Hidden, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer buffer.destroy()
		g, err := step.gradients(func() (part, error) {
			batch := Pack(texts, 2)
			masks, err := step.drawMasks(batch, &splitMix{}, nil)
			return part{batch, masks, 1 / totalWeight(texts), true}, err
		}, buffer)
		if err != nil {
			t.Fatal(err)
		}
		for _, values := range g.Values {
			all = append(all, slices.Clone(values))
		}
		return all, names
	}
	want, names := gradients(false)
	got, _ := gradients(true)
	worst = 1
	for i, name := range names {
		c := cosine(got[i], want[i])
		if worst = min(worst, c); !(c >= least) {
			t.Errorf("the gradient of %s has cosine %.4f, want %v", name, c, least)
		}
	}
	together = cosine(slices.Concat(got...), slices.Concat(want...))
	if !(together >= leastOfAll) {
		t.Errorf("the whole gradient has cosine %.4f, want %v", together, leastOfAll)
	}
	t.Logf("cosines: %.4f at least, %.4f together", worst, together)
	return worst, together
}

// What is no number goes through rounded products to the loss, so that training stops.
func TestInt8NotFinite(t *testing.T) {
	for _, family := range parityFamilies {
		for _, value := range []float64{math.NaN(), math.Inf(1)} {
			p := openParity(t, parityCase{family: family, method: "lora", int8: true}, 1)
			p.step.parameters[0].Data[0] = float32(value)
			g, err := p.step.gradients(p.parts("batch5/", math.MaxInt), p.buffer)
			if err != nil || finite(g.Loss) {
				t.Errorf("%s, %s is %v: the loss is %v, error %v", family, p.step.parameters[0].Name, value, g.Loss, err)
			}
		}
	}
}
