package classifier

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	ort "github.com/yalue/onnxruntime_go"

	"mslora/graphs"
	"mslora/internal/ownfolder"
	"mslora/internal/safetensors"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/internal/tokenizer"
	"mslora/lora"
	"mslora/ortrain"
)

var (
	modules = lora.Setting{Rank: 3, Alpha: 6, Scales: []float64{1, 2, 4}, Bandwidth: 2, ScaleAlpha: 2}
	labels  = []string{"bad", "good", `"odd" <b>`}
	samples = []string{"a good film", "bad", "the film - good bad good bad good", "good " + strings.Repeat("film ", 90)}
)

// families are those of the tiny models.
var families = []string{"tiny", "tiny-roberta", "tiny-llama"}

// graphsOf is the folder of a tiny model's graphs.
func graphsOf(family string) string { return filepath.Join(filepath.Dir(testmodel.Graphs()), family) }

// trained gives a tiny model with random modules, as large as the weights that they change.
func trained(t *testing.T, family, method string) Trained {
	t.Helper()
	testort.Start(t)
	folder, graphFolder := testmodel.WriteFamily(t, t.TempDir(), family)
	model, err := ortrain.OpenModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { model.Close() })
	store, err := graphs.NewStore(graphFolder)
	if err != nil {
		t.Fatal(err)
	}
	topology, err := graphs.Open(graphsOf(family), method)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	sizes := map[string]int64{"r": int64(modules.Rank), "k": int64(len(modules.S())), "C": int64(len(labels)), "V": int64(model.Config.Vocabulary), "P": int64(model.Config.Positions)}
	tuned := ortrain.Tuned{}
	draw := func(name string, dims []graphs.Dim) {
		shape, err := graphs.Resolve(dims, sizes)
		if err != nil {
			t.Fatal(err)
		}
		values := make([]float32, ort.Shape(shape).FlattenedSize())
		for i := range values {
			values[i] = float32(0.2 * random.NormFloat64())
		}
		tuned[name] = ortrain.Weight{Shape: shape, Data: values}
	}
	for _, p := range topology.Manifest.Parameters {
		draw(p.Name, p.Shape)
	}
	for _, f := range topology.Manifest.FrozenInputs {
		draw(f.Name, f.Shape)
	}
	return Trained{Model: model, Base: "some/model", Modules: modules, Tuned: tuned, Labels: labels, Graphs: store}
}

// logits runs the tuned model through the evaluation graph, unsaved: what every saved form must repeat.
func (t Trained) logits(test *testing.T, method string, texts []string) [][]float32 {
	test.Helper()
	encoder, err := tokenizer.Open(t.Model.Folder)
	if err != nil {
		test.Fatal(err)
	}
	defer encoder.Close()
	var both ortrain.Topologies
	architecture := t.Model.Config.Architecture()
	if both.Train, err = t.Graphs.Load(architecture, method); err != nil {
		test.Fatal(err)
	}
	if both.Evaluate, err = t.Graphs.Load(architecture, graphs.Evaluation); err != nil {
		test.Fatal(err)
	}
	evaluator, err := ortrain.NewEvaluator(t.Model, both, t.Modules, len(t.Labels), ortrain.Device{Provider: "cpu"})
	if err != nil {
		test.Fatal(err)
	}
	defer evaluator.Close()
	if err := evaluator.Use(t.Tuned); err != nil {
		test.Fatal(err)
	}
	var examples []ortrain.Example
	for _, text := range texts {
		examples = append(examples, ortrain.Example{Tokens: encoder.Encode(text, t.Model.Config.LongestText())})
	}
	logits, err := evaluator.Logits(test.Context(), examples)
	if err != nil {
		test.Fatal(err)
	}
	return logits
}

func save(t *testing.T, c Trained) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "classifier")
	if err := c.Save(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := (ownfolder.Kind{Name: "classifier", Files: Files, Recognise: func(string) bool { return true }}).Check(folder); err != nil {
		t.Errorf("a file is missing in Files: %v", err)
	}
	return folder
}

func wantClose(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 1e-4) {
			t.Errorf("%s: %v, want %v", what, got, want)
			return
		}
	}
}

// variants are all pairs of a family and a training graph whose modules can be merged.
var variants = func() (all []struct{ family, method string }) {
	for _, family := range families {
		for _, method := range []string{"lora", "lora+mslr", "full"} {
			all = append(all, struct{ family, method string }{family, method})
		}
	}
	return all
}()

// The saved folder, opened as users open it, must predict what the trained model predicts.
func TestSavedPredictsAsTrained(t *testing.T) {
	for _, variant := range variants {
		t.Run(variant.family+"/"+variant.method, func(t *testing.T) {
			c := trained(t, variant.family, variant.method)
			want := c.logits(t, variant.method, samples)
			folder := save(t, c)
			opened, err := Open(folder, c.Graphs, ortrain.Device{Provider: "cpu"})
			if err != nil {
				t.Fatal(err)
			}
			defer opened.Close()
			if !slices.Equal(opened.Labels, labels) {
				t.Errorf("labels %q", opened.Labels)
			}
			predictions, err := opened.Predict(t.Context(), samples)
			if err != nil {
				t.Fatal(err)
			}
			for i, p := range predictions {
				if p.Class != ortrain.Argmax(want[i]) {
					t.Errorf("text %d: class %d, want %d", i, p.Class, ortrain.Argmax(want[i]))
				}
				var sum float64
				for class, probability := range p.Probabilities {
					sum += probability
					if got, expected := math.Log(probability/p.Probabilities[0]), float64(want[i][class]-want[i][0]); math.Abs(got-expected) > 1e-4 {
						t.Errorf("text %d, class %d: a logit %v above that of class 0, want %v", i, class, got, expected)
					}
				}
				if math.Abs(sum-1) > 1e-12 {
					t.Errorf("text %d: probabilities add up to %v", i, sum)
				}
			}
		})
	}
}

// Pooler and head, applied to the [CLS] vectors here, must give the predictions.
func TestVectors(t *testing.T) {
	c := trained(t, "tiny", "lora+mslr")
	folder := save(t, c)
	opened, err := Open(folder, c.Graphs, ortrain.Device{Provider: "cpu"})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	predictions, err := opened.Predict(t.Context(), samples)
	if err != nil {
		t.Fatal(err)
	}
	vectors, err := opened.Vectors(t.Context(), samples)
	if err != nil {
		t.Fatal(err)
	}
	file := open(t, filepath.Join(folder, WeightsFile))
	layer := func(name string, x []float64) []float64 {
		weight, bias := floats(t, file, name+".weight"), floats(t, file, name+".bias")
		y := make([]float64, len(bias))
		for i := range y {
			y[i] = float64(bias[i])
			for j, v := range x {
				y[i] += float64(weight[i*len(x)+j]) * v
			}
		}
		return y
	}
	for i := range samples {
		vector := make([]float64, len(vectors[i]))
		for j, v := range vectors[i] {
			vector[j] = float64(v)
		}
		pooled := layer("bert.pooler.dense", vector)
		for j := range pooled {
			pooled[j] = math.Tanh(pooled[j])
		}
		logits := layer("classifier", pooled)
		for class, probability := range predictions[i].Probabilities {
			got, want := math.Log(probability/predictions[i].Probabilities[0]), logits[class]-logits[0]
			if math.Abs(got-want) > 1e-4 {
				t.Errorf("text %d, class %d: %v above class 0, want %v", i, class, got, want)
			}
		}
	}
}

// The ONNX file must give the same logits on a padded batch, and needs no other file.
func TestSavedGraph(t *testing.T) {
	for _, family := range families {
		t.Run(family, func(t *testing.T) { testSavedGraph(t, family) })
	}
}

func testSavedGraph(t *testing.T, family string) {
	c := trained(t, family, "lora+mslr")
	want := c.logits(t, "lora+mslr", samples)
	alone := filepath.Join(t.TempDir(), "alone.onnx")
	if err := os.Rename(filepath.Join(save(t, c), ONNXFile), alone); err != nil {
		t.Fatal(err)
	}
	session, err := ort.NewDynamicAdvancedSession(alone, []string{"input_ids", "attention_mask"}, []string{"logits"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Destroy()
	encoder, err := tokenizer.Open(c.Model.Folder)
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	longest := c.Model.Config.LongestText()
	ids, mask := make([]int64, len(samples)*longest), make([]int64, len(samples)*longest)
	for i, text := range samples {
		for j, id := range encoder.Encode(text, longest) {
			ids[i*longest+j], mask[i*longest+j] = int64(id), 1
		}
	}
	shape := ort.NewShape(int64(len(samples)), int64(longest))
	tensor := func(values []int64) ort.Value {
		value, err := ort.NewTensor(shape, values)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { value.Destroy() })
		return value
	}
	outputs := []ort.Value{nil}
	if err := session.Run([]ort.Value{tensor(ids), tensor(mask)}, outputs); err != nil {
		t.Fatal(err)
	}
	defer outputs[0].Destroy()
	got := outputs[0].(*ort.Tensor[float32]).GetData()
	for i := range samples {
		wantClose(t, samples[i], got[i*len(labels):(i+1)*len(labels)], want[i])
	}
}

// The adapter's LoRA, added as PEFT does it, must give the saved model's weights; head and BERT's pooler go in whole.
func TestSavedAdapter(t *testing.T) {
	for _, test := range []struct {
		family, prefix string
		targets, saved []string
		whole          int // tensors
	}{
		{"tiny", "bert.", []string{"query", "value"}, []string{"classifier", "pooler"}, 4},
		{"tiny-roberta", "roberta.", []string{"query", "value"}, []string{"classifier"}, 4},
		{"tiny-llama", "model.", []string{"q_proj", "v_proj"}, []string{"score"}, 1},
	} {
		t.Run(test.family, func(t *testing.T) {
			testSavedAdapter(t, test.family, test.prefix, test.targets, test.saved, test.whole)
		})
	}
}

func testSavedAdapter(t *testing.T, family, prefix string, targets, saved []string, wholes int) {
	c := trained(t, family, "lora+mslr")
	folder := save(t, c)
	whole, adapter := open(t, filepath.Join(folder, WeightsFile)), open(t, filepath.Join(folder, AdapterFolder, "adapter_model.safetensors"))
	var config struct {
		R       int      `json:"r"`
		Alpha   float64  `json:"lora_alpha"`
		Targets []string `json:"target_modules"`
		Saved   []string `json:"modules_to_save"`
		Base    string   `json:"base_model_name_or_path"`
	}
	data, err := os.ReadFile(filepath.Join(folder, AdapterFolder, "adapter_config.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	if config.R != 3 || config.Alpha != 6 || config.Base != "some/model" || !slices.Equal(config.Targets, targets) || !slices.Equal(config.Saved, saved) {
		t.Errorf("%+v", config)
	}
	base := open(t, filepath.Join(c.Model.Folder, "model.safetensors"))
	pairs := 0
	for _, name := range adapter.Names() {
		plain := strings.TrimPrefix(name, "base_model.model.")
		module, isA := strings.CutSuffix(plain, ".lora_A.weight")
		switch {
		case isA:
			a, b := floats(t, adapter, name), floats(t, adapter, strings.Replace(name, "lora_A", "lora_B", 1))
			w := floats(t, base, strings.TrimPrefix(module, prefix)+".weight")
			sum := lora.MergeLoRA(w, a, b, len(b)/config.R, len(a)/config.R, config.R, float32(config.Alpha)/float32(config.R))
			wantClose(t, module, floats(t, whole, module+".weight"), sum)
			pairs++
		case !strings.Contains(plain, ".lora_"):
			wantClose(t, plain, floats(t, adapter, name), floats(t, whole, plain))
		}
	}
	if want := 2 * c.Model.Config.Layers; pairs != want || len(adapter.Names()) != 2*want+wholes {
		t.Errorf("%d LoRA pairs and %d tensors, want %d pairs and %d others", pairs, len(adapter.Names()), want, wholes)
	}
}

func open(t *testing.T, path string) *safetensors.File {
	t.Helper()
	file, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return file
}

func floats(t *testing.T, file *safetensors.File, name string) []float32 {
	t.Helper()
	values, err := file.Float32(name)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// Vanilla training has no adapter, and none of an earlier classifier may stay.
func TestNoAdapter(t *testing.T) {
	folder := save(t, trained(t, "tiny", "lora"))
	if err := trained(t, "tiny", "full").Save(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(folder, AdapterFolder)); !os.IsNotExist(err) {
		t.Errorf("adapter: %v", err)
	}
	if Mergeable("adapter") || Mergeable("prefix") || !Mergeable("full") || !Mergeable("lora+mslr") {
		t.Error("adapters and prefixes are no part of the weights, everything else is")
	}
}

func TestOpenErrors(t *testing.T) {
	c := trained(t, "tiny", "lora")
	for _, test := range []struct{ name, file, content, want string }{
		{"no classifier", ConfigFile, "", "config.json"},
		{"a backbone", ConfigFile, `{"model_type": "bert"}`, "id2label names 0 classes"},
		{"a gap", ConfigFile, `{"id2label": {"0": "a", "2": "b"}}`, "does not number 2 names from 0"},
		{"no JSON", ConfigFile, `{`, "config.json: unexpected end"},
		{"a name twice", ConfigFile, `{"id2label": {"0": "a", "1": "a"}}`, `the name "a" to two classes`},
		{"cut weights", WeightsFile, "short", "model.safetensors"},
		{"no weights", WeightsFile, "", "model.safetensors"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder := save(t, c)
			path := filepath.Join(folder, test.file)
			err := os.Remove(path)
			if test.content != "" {
				err = os.WriteFile(path, []byte(test.content), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			opened, err := Open(folder, c.Graphs, ortrain.Device{Provider: "cpu"})
			if err == nil {
				opened.Close()
				t.Fatal("it was opened")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want %s", err, test.want)
			}
		})
	}
	if _, err := Open(c.Model.Folder, c.Graphs, ortrain.Device{Provider: "cpu"}); err == nil || !strings.Contains(err.Error(), "id2label") {
		t.Errorf("a pretrained model: %v", err)
	}
}
