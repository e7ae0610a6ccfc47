package ortrain

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
	"mslora/internal/safetensors"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/lora"
)

// tolerance is the largest relative L2 error against PyTorch.
const tolerance = 1e-4

// parityFamilies are folders beside the tiny BERT's with a tiny model of each family: its weights, graphs and
// fixtures.
var parityFamilies = []string{"tiny", "tiny-roberta", "tiny-llama"}

// parity is a fixture that tools/exporter/fixtures.py made with PyTorch autograd on the padded Hugging
// Face model, and a stepper that starts from the same values.
type parity struct {
	parityCase
	t          *testing.T
	model      *Model
	topologies Topologies
	setting    Setting
	file       *safetensors.File
	step       *stepper
	drawn      Tuned
	buffer     *gradientBuffer
	training   string      // before the names of what ten steps gave
	weights    []float32   // of each class; nil: none has a weight of its own
	experts    [][]float32 // in turn of the texts of a batch; nil: they have none
}

// parityCase is a family and a method, with the head frozen or trained where the method leaves that open.
type parityCase struct {
	family, method string
	frozenHead     bool
	expert         bool // its training graph is that of a product of experts
	int8           bool // products by frozen weights in 8 bits
}

// eachParity runs a test for every family and method.
func eachParity(t *testing.T, test func(t *testing.T, c parityCase)) {
	for _, family := range parityFamilies {
		for _, method := range graphs.Methods {
			t.Run(family+"/"+method, func(t *testing.T) { test(t, parityCase{family: family, method: method}) })
			if strings.HasPrefix(method, "lora") {
				t.Run(family+"/"+method+"/frozen head", func(t *testing.T) { test(t, parityCase{family: family, method: method, frozenHead: true}) })
			}
		}
	}
}

func openParity(t *testing.T, c parityCase, threads int) *parity {
	t.Helper()
	testort.Start(t)
	tiny := filepath.Join(filepath.Dir(testmodel.Graphs()), c.family)
	p := &parity{parityCase: c, t: t, file: openTensors(t, filepath.Join(tiny, c.method+".parity.safetensors"))}
	p.setting = Setting{Classes: 3, Modules: lora.Setting{Rank: 4, Alpha: 8, Scales: []float64{1, 2.5, 4}, Bandwidth: 2, ScaleAlpha: 3, Bottleneck: 4, PrefixLength: 3}}
	var err error
	if p.model, err = OpenModel(tiny); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.model.Close() })
	if p.topologies.Train, err = graphs.Open(tiny, c.method); err != nil {
		t.Fatal(err)
	}
	if c.frozenHead {
		p.training = "frozen_head/"
		if p.topologies.Train, err = p.topologies.Train.Freeze("head"); err != nil {
			t.Fatal(err)
		}
	}
	if c.expert {
		if p.topologies.Train, err = p.topologies.Train.WithExpert(); err != nil {
			t.Fatal(err)
		}
	}
	if p.topologies.Evaluate, err = graphs.Open(tiny, graphs.EvaluationOf(c.method)); err != nil {
		t.Fatal(err)
	}
	if err := p.topologies.Check(p.model); err != nil {
		t.Fatal(err)
	}
	topology, device := p.topologies.Train, testDevice(t, threads)
	device.Int8 = c.int8
	if p.step, p.drawn, err = newStepper(p.model, topology, p.setting, device); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.step.close)
	head := openTensors(t, filepath.Join(tiny, "classifier.safetensors"))
	for name, weight := range p.drawn {
		values, err := head.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		copy(weight.Data, values)
	}
	for _, parameter := range p.step.parameters {
		copy(parameter.Data, p.floats("initial/"+parameter.Name))
	}
	if p.buffer, err = newGradientBuffer(p.step.parameters, topology.Manifest.Hidden, 2); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.buffer.destroy)
	return p
}

func openTensors(t *testing.T, path string) *safetensors.File {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func (p *parity) floats(name string) []float32 {
	p.t.Helper()
	values, err := p.file.Float32(name)
	if err != nil {
		p.t.Fatal(err)
	}
	return values
}

func (p *parity) integers(name string) []int64 {
	p.t.Helper()
	values, err := p.file.Int64(name)
	if err != nil {
		p.t.Fatal(err)
	}
	return values
}

// examples are the texts of a batch, of which the longest has longest tokens.
func (p *parity) examples(place string) (examples []Example, longest int) {
	p.t.Helper()
	lengths, labels, padded := p.integers(place+"lengths"), p.integers(place+"labels"), p.integers(place+"tokens")
	longest = len(padded) / len(lengths)
	examples = make([]Example, len(lengths))
	for i, n := range lengths {
		examples[i].Label = int(labels[i])
		if p.weights != nil {
			examples[i].Weight = p.weights[labels[i]]
		}
		if p.experts != nil {
			examples[i].Expert = p.experts[i%len(p.experts)]
		}
		for _, id := range padded[i*longest : i*longest+int(n)] {
			examples[i].Tokens = append(examples[i].Tokens, int32(id))
		}
	}
	return examples, longest
}

// parts packs a batch of the fixture, in parts of at most tokens tokens, and brings its padded masks into the
// packed layout. It gives what stepper.gradients asks for.
func (p *parity) parts(place string, tokens int) func() (part, error) {
	p.t.Helper()
	examples, longest := p.examples(place)
	text := map[*int32]int{} // by the address of its first token: split may change the order
	for i, e := range examples {
		text[&e.Tokens[0]] = i
	}
	shares := split(examples, tokens)
	return func() (part, error) {
		share := shares[0]
		shares = shares[1:]
		batch := Pack(share, 3)
		var texts []int
		for _, e := range share {
			texts = append(texts, text[&e.Tokens[0]])
		}
		var masks []byte
		for _, spec := range p.step.manifest.KeepMasks {
			shape, err := graphs.Resolve(spec.Shape, p.step.dimensions(batch))
			if err != nil {
				return part{}, err
			}
			padded, err := p.file.Bytes(place + spec.Name)
			if err != nil {
				return part{}, err
			}
			masks = append(masks, packMask(padded, spec, shape, batch, texts, longest)...)
		}
		return part{batch, masks, 1 / totalWeight(examples), len(shares) == 0}, nil
	}
}

// whole is the fixture's batch as one part.
func (p *parity) whole(place string) part {
	p.t.Helper()
	work, err := p.parts(place, math.MaxInt)()
	if err != nil {
		p.t.Fatal(err)
	}
	return work
}

// distance is the L2 norm of a - b; size is that of b.
func distance(a, b []float32) (distance, size float64) {
	for i := range b {
		d := float64(a[i]) - float64(b[i])
		distance += d * d
		size += float64(b[i]) * float64(b[i])
	}
	return math.Sqrt(distance), math.Sqrt(size)
}

// dense gives the gradient of a parameter as a full tensor.
func dense(p *Parameter, g *Gradients, i int) []float32 {
	if p.Table == "" {
		return g.Values[i]
	}
	full, width := make([]float32, len(p.Data)), int(p.Shape[1])
	for slot, row := range g.Rows[i] {
		copy(full[int(row)*width:], g.Values[i][slot*width:(slot+1)*width])
	}
	return full
}

// Loss and every gradient must be PyTorch's, with one thread and with two, on small and on large batches,
// and the same bits when run again, where the device can.
func TestParityGradients(t *testing.T) {
	eachParity(t, func(t *testing.T, c parityCase) {
		for _, threads := range []int{1, 2} {
			for _, texts := range []int{5, 32} {
				t.Run(fmt.Sprintf("%d threads/%d texts", threads, texts), func(t *testing.T) {
					p := openParity(t, c, threads)
					place := fmt.Sprintf("batch%d/", texts)
					var earlier [][]float32
					for repeat := range 5 {
						g, err := p.step.gradients(p.parts(place, math.MaxInt), p.buffer)
						if err != nil {
							t.Fatal(err)
						}
						if repeat == 0 {
							p.compare(place, g)
						}
						for i := range g.Values {
							if repeat > 0 && repeats(t, c.method) && !slices.Equal(g.Values[i], earlier[i]) {
								t.Fatalf("run %d: the gradient of %s has other bits", repeat, p.step.parameters[i].Name)
							}
						}
						earlier = nil
						for _, values := range g.Values {
							earlier = append(earlier, slices.Clone(values))
						}
					}
				})
			}
		}
	})
}

// A batch in several parts, of texts in another order, must have the loss and the gradients of the whole.
func TestParityParts(t *testing.T) {
	eachParity(t, func(t *testing.T, c parityCase) {
		for _, tokens := range []int{1, 40, 150} {
			t.Run(fmt.Sprintf("%d tokens", tokens), func(t *testing.T) {
				p := openParity(t, c, 2)
				for _, texts := range []int{32, 5} { // the smaller batch after the larger: nothing may be left of it
					place := fmt.Sprintf("batch%d/", texts)
					g, err := p.step.gradients(p.parts(place, tokens), p.buffer)
					if err != nil {
						t.Fatal(err)
					}
					p.compare(place, g)
				}
			})
		}
	})
}

func (p *parity) compare(place string, g *Gradients) {
	p.t.Helper()
	if want := float64(p.floats(place + "loss")[0]); math.Abs(g.Loss-want) > tolerance*want {
		p.t.Errorf("the loss is %v, PyTorch's %v", g.Loss, want)
	}
	var whole float64 // norm of the whole gradient
	for _, parameter := range p.step.parameters {
		_, size := distance(p.floats(place+"grad."+parameter.Name), p.floats(place+"grad."+parameter.Name))
		whole = math.Hypot(whole, size)
	}
	// Clipping must see the rows of a table with all of their tokens added up.
	if norm := globalNorm(g.Values, 2); math.Abs(norm-whole) > tolerance*whole {
		p.t.Errorf("the global norm is %v, PyTorch's %v", norm, whole)
	}
	worst := 0.0
	for i, parameter := range p.step.parameters {
		off, size := distance(dense(parameter, g, i), p.floats(place+"grad."+parameter.Name))
		if size > 1e-3*whole {
			worst = max(worst, off/size)
		}
		// A key's bias shifts all scores of a row alike, so its gradient is zero but for rounding.
		if off > tolerance*size+1e-7*whole {
			p.t.Errorf("the gradient of %s is off by %.2g of its norm", parameter.Name, off/size)
		}
	}
	p.t.Logf("gradients are off by at most %.2g of their norm", worst)
}

// The logits of the training graph must be PyTorch's.
func TestParityLogits(t *testing.T) {
	eachParity(t, func(t *testing.T, c parityCase) {
		p := openParity(t, c, 2)
		for _, texts := range []int{5, 32} {
			place := fmt.Sprintf("batch%d/", texts)
			want := p.floats(place + "logits")
			off, size := distance(p.logits(p.whole(place)), want)
			if off > tolerance*size {
				t.Errorf("%d texts: the logits are off by %.2g", texts, off/size)
			}
			t.Logf("%d texts: the logits are off by %.2g", texts, off/size)
		}
	})
}

// The evaluation graph must give PyTorch's logits without dropout, with modules merged or as inputs.
func TestParityEvaluation(t *testing.T) {
	eachParity(t, func(t *testing.T, c parityCase) {
		p := openParity(t, c, 1)
		evaluator, tuned := p.evaluator(2)
		if classes := tuned.Classes(p.topologies.Evaluate.Manifest); classes != 3 {
			t.Errorf("the tensors tell %d classes apart, want 3", classes)
		}
		examples, _ := p.examples("batch32/")
		logits, err := evaluator.Logits(t.Context(), examples)
		if err != nil {
			t.Fatal(err)
		}
		off, size := distance(slices.Concat(logits...), p.floats("batch32/evaluation"))
		if off > tolerance*size {
			t.Errorf("the logits are off by %.2g", off/size)
		}
		t.Logf("the logits are off by %.2g", off/size)
	})
}

// evaluator opens the evaluation graph with the tensors of the fixture, in the precision of its case.
func (p *parity) evaluator(threads int) (*Evaluator, Tuned) {
	p.t.Helper()
	device := testDevice(p.t, threads)
	device.Int8 = p.int8
	evaluator, err := NewEvaluator(p.model, p.topologies, p.setting.Modules, 3, device)
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { evaluator.Close() })
	tuned := maps.Clone(p.drawn)
	for _, parameter := range p.step.parameters {
		tuned[parameter.Name] = Weight{parameter.Shape, parameter.Data}
	}
	if err := evaluator.Use(tuned); err != nil {
		p.t.Fatal(err)
	}
	return evaluator, tuned
}

func (p *parity) logits(work part) []float32 {
	p.t.Helper()
	logits := make([]float32, work.batch.Texts*3)
	output, err := ort.NewTensor(ort.NewShape(int64(work.batch.Texts), 3), logits)
	if err != nil {
		p.t.Fatal(err)
	}
	defer output.Destroy()
	inputs, err := p.step.inputs(work)
	if err != nil {
		p.t.Fatal(err)
	}
	defer p.step.destroyBatch(inputs)
	// The training session gives no logits; run the graph once more in a session that does.
	s, err := openSession(p.step.linked, p.step.session.inputs, []string{"logits"}, testDevice(p.t, 2), true)
	if err != nil {
		p.t.Fatal(err)
	}
	defer s.close()
	if err := s.run(inputs, []ort.Value{output}); err != nil {
		p.t.Fatal(err)
	}
	return logits
}

// Ten steps of clipping and AdamW with linear decay must follow PyTorch's losses and parameters.
func TestParityTraining(t *testing.T) {
	eachParity(t, func(t *testing.T, c parityCase) {
		p := openParity(t, c, 2)
		losses := p.floats(p.training + "losses")
		for step := 1; step <= len(losses); step++ {
			g, err := p.step.gradients(p.parts(fmt.Sprintf("step%d/", step), math.MaxInt), p.buffer)
			if err != nil {
				t.Fatal(err)
			}
			if want := float64(losses[step-1]); math.Abs(g.Loss-want) > tolerance*want {
				t.Errorf("step %d: the loss is %v, PyTorch's %v", step, g.Loss, want)
			}
			rate := 1e-3 * (1 - float64(step-1)/float64(len(losses)))
			DefaultAdamW.Step(p.step.parameters, g, step, rate, clipFactor(globalNorm(g.Values, 2), 1), 2)
			p.compareParameters(step)
		}
	})
}

func (p *parity) compareParameters(step int) {
	p.t.Helper()
	for _, parameter := range p.step.parameters {
		name := fmt.Sprintf("%safter%d/%s", p.training, step, parameter.Name)
		if _, stored := p.file.Tensor(name); !stored {
			continue
		}
		if strings.HasSuffix(parameter.Name, "key.bias") {
			continue // its gradient is rounding noise, which Adam scales up to the learning rate
		}
		if off, size := distance(parameter.Data, p.floats(name)); off > tolerance*size {
			p.t.Errorf("after step %d %s is off by %.2g", step, parameter.Name, off/size)
		}
	}
}
