package classifier

import (
	"errors"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/internal/safetensors"
	"mslora/ortrain"
)

// A head that is damaged or of another model is refused, in every family, before ONNX Runtime or arithmetic meets it.
func TestDamagedHead(t *testing.T) {
	const classes = 3
	type change struct {
		name  string
		shape []int64 // nil: the tensor is left out
		want  string
	}
	for _, test := range []struct {
		family  string
		changes []change
	}{
		{"tiny", []change{
			{"classifier.weight", []int64{classes * 36}, "classifier.weight has shape [108], expected [3 36]"},
			{"classifier.weight", []int64{classes, 18, 2}, "expected [3 36]"},
			{"classifier.weight", []int64{classes + 1, 36}, "has shape [4 36], expected [3 36]"},
			{"classifier.weight", []int64{36, classes}, "has shape [36 3]"},
			{"classifier.weight", []int64{0, 36}, "has shape [0 36]"},
			{"classifier.weight", nil, "has no tensor classifier.weight"},
			{"classifier.bias", []int64{classes - 1}, "classifier.bias has shape [2], expected [3]"},
			{"classifier.bias", []int64{classes, 1}, "expected [3]"},
			{"classifier.bias", nil, "has no tensor classifier.bias"},
		}},
		{"tiny-roberta", []change{
			{"classifier.dense.weight", []int64{36 * 36}, "expected [36 36]"},
			{"classifier.dense.bias", nil, "has no tensor classifier.dense.bias"},
			{"classifier.out_proj.weight", []int64{classes * 36}, "expected [3 36]"},
			{"classifier.out_proj.bias", []int64{classes + 1}, "expected [3]"},
		}},
		{"tiny-llama", []change{
			{"score.weight", []int64{classes}, "score.weight has shape [3], expected [3 48]"},
			{"score.weight", []int64{classes * 48}, "expected [3 48]"},
			{"score.weight", []int64{classes, 47}, "has shape [3 47]"},
			{"score.weight", []int64{classes, 48, 1}, "has shape [3 48 1]"},
			{"score.weight", []int64{classes, 0}, "has shape [3 0]"},
			{"score.weight", []int64{}, "has shape []"},
			{"score.weight", nil, "has no tensor score.weight"},
		}},
	} {
		c := trained(t, test.family, "lora")
		whole := save(t, c)
		for _, change := range test.changes {
			t.Run(test.family+"/"+change.want, func(t *testing.T) {
				folder := damage(t, c, whole, change.name, "F32", change.shape)
				wantRefused(t, c, folder, change.want)
			})
		}
		t.Run(test.family+"/integers", func(t *testing.T) {
			name := test.changes[0].name
			tensor, _ := open(t, filepath.Join(whole, WeightsFile)).Tensor(name)
			wantRefused(t, c, damage(t, c, whole, name, "I64", tensor.Shape), name+" is I64")
		})
	}
}

// damage saves the classifier again and gives one tensor of its weights another type and shape.
func damage(t *testing.T, c Trained, whole, damaged, dtype string, shape []int64) string {
	t.Helper()
	folder := save(t, c)
	file := open(t, filepath.Join(whole, WeightsFile))
	var arrays []safetensors.Array
	for _, name := range file.Names() {
		tensor, _ := file.Tensor(name)
		data, err := file.Bytes(name)
		if err != nil {
			t.Fatal(err)
		}
		array := safetensors.Array{Name: name, DType: tensor.DType, Shape: tensor.Shape, Data: data}
		if name == damaged {
			if shape == nil {
				continue
			}
			array.DType, array.Shape = dtype, shape
			size := map[string]int64{"F32": 4, "I64": 8}[dtype]
			for _, d := range shape {
				size *= d
			}
			array.Data = slices.Repeat([]byte{0}, int(size))
		}
		arrays = append(arrays, array)
	}
	if err := safetensors.Write(filepath.Join(folder, WeightsFile), arrays, nil); err != nil {
		t.Fatal(err)
	}
	return folder
}

// A token whose vector is no number spoils the texts that have it, and of those alone: texts that ran beside them get their answers.
func TestNotFinite(t *testing.T) {
	for _, family := range families {
		t.Run(family, func(t *testing.T) {
			c := trained(t, family, "full")
			opened, err := Open(save(t, c), c.Graphs, ortrain.Device{Provider: "cpu"})
			if err != nil {
				t.Fatal(err)
			}
			good, bad := opened.tokenizer.Encode("good", 8), opened.tokenizer.Encode("bad", 8)
			if err := opened.Close(); err != nil {
				t.Fatal(err)
			}
			spoilt := 0
			for name, weight := range c.Tuned {
				if !strings.HasSuffix(name, "embeddings.word_embeddings.weight") && !strings.HasSuffix(name, "embed_tokens.weight") {
					continue
				}
				spoilt++
				width := int(weight.Shape[1])
				for _, token := range bad {
					if !slices.Contains(good, token) {
						weight.Data[int(token)*width] = float32(math.NaN())
					}
				}
			}
			if spoilt != 1 {
				t.Fatalf("%d tables of vectors", spoilt)
			}
			if opened, err = Open(save(t, c), c.Graphs, ortrain.Device{Provider: "cpu"}); err != nil {
				t.Fatal(err)
			}
			defer opened.Close()
			if _, err := opened.Predict(t.Context(), []string{"good", "good good"}); err != nil {
				t.Error(err)
			}
			_, err = opened.Predict(t.Context(), []string{"good", "good good", "bad", "good"})
			var found *NotFiniteError
			if !errors.As(err, &found) || found.Index != 2 || !strings.Contains(err.Error(), `the logits of the text "bad" are [NaN NaN NaN]`) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func wantRefused(t *testing.T, c Trained, folder, want string) {
	t.Helper()
	opened, err := Open(folder, c.Graphs, ortrain.Device{Provider: "cpu"})
	if err == nil {
		opened.Close()
		t.Fatal("it was opened")
	}
	if !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// FuzzParseLabels reads whatever config.json says: an error, or two or more different names.
func FuzzParseLabels(f *testing.F) {
	for _, seed := range []string{
		`{"id2label": {"0": "bad", "1": "good"}}`, `{"id2label": {"0": "a", "2": "b"}}`, `{"id2label": {"0": "a", "00": "b"}}`,
		`{"id2label": {"-1": "a", "1": "b"}}`, `{"id2label": ["a", "b"]}`, `{"id2label": null}`, `{`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		labels, err := parseLabels(data)
		if err != nil {
			return
		}
		if sorted := slices.Sorted(slices.Values(labels)); len(labels) < 2 || sorted[0] == "" || len(slices.Compact(sorted)) != len(labels) {
			t.Errorf("labels %q", labels)
		}
	})
}
