package ortrain

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/internal/safetensors"
	"mslora/internal/testmodel"
	"mslora/internal/testort"
	"mslora/lora"
)

// tinyLlama is the folder of a tiny Llama with its graphs.
func tinyLlama() string { return filepath.Join(filepath.Dir(testmodel.Graphs()), "tiny-llama") }

// bfloat16 cuts values to the upper half of their bits, and gives what these bits mean.
func bfloat16(values []float32) (data []byte, cut []float32) {
	for _, v := range values {
		bits := math.Float32bits(v) >> 16
		data = binary.LittleEndian.AppendUint16(data, uint16(bits))
		cut = append(cut, math.Float32frombits(bits<<16))
	}
	return data, cut
}

// float16 cuts values to those of IEEE's 16 bits, tiny ones to zero, and gives what these bits mean.
func float16(values []float32) (data []byte, cut []float32) {
	for _, v := range values {
		bits := math.Float32bits(v) &^ (1<<13 - 1)
		if exponent := int(bits>>23&0xff) - 127; exponent < -14 {
			bits = 0
		} else if exponent > 15 {
			panic(fmt.Sprintf("%v is too large", v))
		}
		cut = append(cut, math.Float32frombits(bits))
		half := bits >> 16 & 0x8000
		if bits != 0 {
			half |= (bits>>23&0xff-112)<<10 | bits>>13&0x3ff
		}
		data = binary.LittleEndian.AppendUint16(data, uint16(half))
	}
	return data, cut
}

// cutLlama makes two folders of the tiny Llama with the values cut to 16 bits of a dtype: one as large models come, in
// two shards, and one as a single float32 file.
func cutLlama(t *testing.T, dtype string) (shards, single string) {
	t.Helper()
	shards, single = t.TempDir(), t.TempDir()
	config, err := os.ReadFile(filepath.Join(tinyLlama(), "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	file := openTensors(t, filepath.Join(tinyLlama(), "model.safetensors"))
	var halves [2][]safetensors.Array
	var whole []safetensors.Array
	names := map[string]string{}
	for i, name := range file.Names() {
		values, err := file.Float32(name)
		if err != nil {
			t.Fatal(err)
		}
		tensor, _ := file.Tensor(name)
		data, cut := map[string]func([]float32) ([]byte, []float32){"BF16": bfloat16, "F16": float16}[dtype](values)
		halves[i%2] = append(halves[i%2], safetensors.Array{Name: name, DType: dtype, Shape: tensor.Shape, Data: data})
		whole = append(whole, safetensors.Float32Array(name, tensor.Shape, cut))
		names[name] = fmt.Sprintf("model-%05d-of-00002.safetensors", i%2+1)
	}
	index, err := json.Marshal(map[string]any{"metadata": map[string]any{"total_size": 1}, "weight_map": names})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{
		filepath.Join(shards, "config.json"): config, filepath.Join(single, "config.json"): config,
		filepath.Join(shards, "model.safetensors.index.json"): index,
	} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i, arrays := range halves {
		if err := safetensors.Write(filepath.Join(shards, fmt.Sprintf("model-%05d-of-00002.safetensors", i+1)), arrays, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := safetensors.Write(filepath.Join(single, "model.safetensors"), whole, nil); err != nil {
		t.Fatal(err)
	}
	return shards, single
}

// gradientsOf runs the training graph of a method once.
func gradientsOf(t *testing.T, folder, method string, device Device) []float32 {
	t.Helper()
	model, err := OpenModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	topology, err := graphs.Open(tinyLlama(), method)
	if err != nil {
		t.Fatal(err)
	}
	setting := Setting{Classes: 2, Modules: lora.Setting{Rank: 2, Alpha: 8, Scales: []float64{1, 2}, Bandwidth: 1, ScaleAlpha: 4}, Seed: 42}
	step, _, err := newStepper(model, topology, setting, device)
	if err != nil {
		t.Fatal(err)
	}
	defer step.close()
	buffer, err := newGradientBuffer(step.parameters, topology.Manifest.Hidden, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer buffer.destroy()
	next, stop := iter.Pull2(step.parts(learnable(1, 8), 2, &splitMix{42}, func() []byte { return nil }))
	defer stop()
	g, err := step.gradients(func() (part, error) {
		p, err, _ := next()
		return p, err
	}, buffer)
	if err != nil {
		t.Fatal(err)
	}
	return append(slices.Concat(g.Values...), float32(g.Loss))
}

// Weights that stay 16 bits in memory compute what they do in float32, which holds every 16-bit float.
func TestHalfPrecision(t *testing.T) {
	testort.Start(t)
	shards, single := cutLlama(t, "BF16")
	for _, method := range []string{"lora", "lora+mslr", "full"} {
		want, got := gradientsOf(t, single, method, testDevice(t, 1)), gradientsOf(t, shards, method, testDevice(t, 1))
		for i := range want {
			if d := math.Abs(float64(got[i] - want[i])); d > 1e-6*math.Max(1, math.Abs(float64(want[i]))) {
				t.Fatalf("%s: value %d of loss and gradients is %v, want %v", method, i, got[i], want[i])
			}
		}
	}
	model, err := OpenModel(shards)
	if err != nil {
		t.Fatal(err)
	}
	var files []string
	for _, path := range model.Files() {
		files = append(files, filepath.Base(path))
	}
	if got := strings.Join(files, " "); got != "model.safetensors.index.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors" {
		t.Errorf("files %s", got)
	}
	if err := model.Close(); err != nil {
		t.Error(err)
	}
}

// Products of 16 bits in the forward pass change loss and gradients by what they round. On a CPU ONNX Runtime computes those of
// float16 in float32, without the rounding, and has none of bfloat16: there the graph must give what it gives without them.
func TestHalfProducts(t *testing.T) {
	testort.Start(t)
	device := testDevice(t, 1)
	bounds := map[string]float64{"F16": 1e-2, "BF16": 1e-1}
	if device.Provider == "cpu" {
		bounds = map[string]float64{"F16": 1e-6}
	}
	for dtype, bound := range bounds {
		shards, single := cutLlama(t, dtype)
		for _, method := range []string{"lora", "lora+mslr"} {
			want := gradientsOf(t, single, method, device)
			rounded := device
			rounded.Half = true
			off, size := distance(gradientsOf(t, shards, method, rounded), want)
			t.Logf("%s, %s: loss and gradients are off by %.2g", dtype, method, off/size)
			if off > bound*size || device.Provider == "cuda" && off < 1e-6*size {
				t.Errorf("%s, %s: loss and gradients are off by %.2g, expected %g at most, and on a GPU some rounding", dtype, method, off/size, bound)
			}
		}
	}
}

// What is wrong with a model's files is one line that names the file.
func TestModelFolderErrors(t *testing.T) {
	for _, test := range []struct {
		name  string
		spoil func(folder string) error
		want  string
	}{
		{"no weights", func(f string) error { return os.Remove(filepath.Join(f, "model.safetensors.index.json")) }, "model.safetensors: no such file"},
		{"missing shard", func(f string) error { return os.Remove(filepath.Join(f, "model-00002-of-00002.safetensors")) }, "lists model-00002-of-00002.safetensors, which is missing"},
		{"broken shard", func(f string) error { return os.Truncate(filepath.Join(f, "model-00001-of-00002.safetensors"), 100) }, "model-00001-of-00002.safetensors: not a valid safetensors file"},
		{"mixed dtypes", func(f string) error { return reinterpret(filepath.Join(f, "model-00002-of-00002.safetensors")) }, "expected one kind of 16-bit floats"},
		{"another architecture", func(f string) error {
			config := `{"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 48, "num_attention_heads": 6, "intermediate_size": 50,
				"vocab_size": 101, "max_position_embeddings": 20}`
			return os.WriteFile(filepath.Join(f, "config.json"), []byte(config), 0o644)
		}, "model_type is bert, the graphs of llama-2x48 were made for llama"},
		{"another base", func(f string) error {
			path := filepath.Join(f, "config.json")
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return os.WriteFile(path, []byte(strings.Replace(string(data), "500.0", "10000.0", 1)), 0o644)
		}, "rope_theta is 10000, the graphs of llama-2x48 were made for 500"},
	} {
		t.Run(test.name, func(t *testing.T) {
			folder, _ := cutLlama(t, "BF16")
			if err := test.spoil(folder); err != nil {
				t.Fatal(err)
			}
			err := checkLlama(t, folder)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), folder) {
				t.Errorf("got %v, want one line with %q", err, test.want)
			}
		})
	}
	folder, _ := cutLlama(t, "BF16")
	if err := checkLlama(t, folder); err != nil {
		t.Errorf("an unspoilt folder: %v", err)
	}
}

// reinterpret calls BF16 tensors F16.
func reinterpret(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	header := int(binary.LittleEndian.Uint64(data))
	renamed := strings.ReplaceAll(string(data[8:8+header]), `"BF16"`, `"F16" `)
	return os.WriteFile(path, slices.Concat(data[:8], []byte(renamed), data[8+header:]), 0o644)
}

// checkLlama opens a folder and checks it against the tiny Llama's graphs.
func checkLlama(t *testing.T, folder string) error {
	t.Helper()
	var both Topologies
	var err error
	if both.Train, err = graphs.Open(tinyLlama(), "lora"); err != nil {
		t.Fatal(err)
	}
	if both.Evaluate, err = graphs.Open(tinyLlama(), graphs.Evaluation); err != nil {
		t.Fatal(err)
	}
	model, err := OpenModel(folder)
	if err != nil {
		return err
	}
	defer model.Close()
	return both.Check(model)
}
