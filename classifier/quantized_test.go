package classifier

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mslora/graphs"
	"mslora/ortrain"
)

var processor = ortrain.Device{Provider: "cpu"}

func saveQuantized(t *testing.T, family, method string) (Trained, string) {
	t.Helper()
	c := trained(t, family, method)
	c.Quantize = true
	return c, save(t, c)
}

// The quantized file gives the float32 one's logits but for rounding, in every family, and the same ones whatever other texts and
// padding are beside.
func TestQuantized(t *testing.T) {
	for _, v := range variants {
		t.Run(v.family+"/"+v.method, func(t *testing.T) {
			c, folder := saveQuantized(t, v.family, v.method)
			quantized, err := OpenQuantized(folder, processor)
			if err != nil {
				t.Fatal(err)
			}
			defer quantized.Close()
			got, err := quantized.Predict(t.Context(), samples)
			if err != nil {
				t.Fatal(err)
			}
			want := c.logits(t, v.method, samples)
			var difference, spread float64
			for i := range want {
				for j := range want[i] {
					difference = max(difference, math.Abs(float64(got[i].Logits[j]-want[i][j])))
					spread = max(spread, math.Abs(float64(want[i][j]-want[0][j])), math.Abs(float64(want[i][j]-want[i][0])))
				}
			}
			if difference == 0 || difference > 0.1*spread {
				t.Errorf("logits differ by %v at most, of a spread of %v", difference, spread)
			}
			for i, text := range samples {
				alone, err := quantized.Predict(t.Context(), []string{text})
				if err != nil {
					t.Fatal(err)
				}
				wantClose(t, "alone", alone[0].Logits, got[i].Logits)
			}
			if _, err := quantized.Vectors(t.Context(), samples); err == nil {
				t.Error("it gave vectors")
			}
		})
	}
}

func TestQuantizedIsTheSameAgainAndGoes(t *testing.T) {
	c, folder := saveQuantized(t, "tiny", "lora")
	path := filepath.Join(folder, QuantizedFile)
	read := func() []byte {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	first := read()
	if err := c.Save(folder); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(first, read()) {
		t.Error("the file is another when it is written again")
	}
	whole, err := os.Stat(filepath.Join(folder, ONNXFile))
	if err != nil || int64(len(first)) > whole.Size()*6/10 {
		t.Errorf("%d bytes, the float32 file has %d (%v)", len(first), whole.Size(), err)
	}
	c.Quantize = false
	if err := c.Save(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenQuantized(folder, processor); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), QuantizedFile) {
		t.Errorf("%v, want that there is no file of an earlier classifier", err)
	}
}

func TestQuantizedDamaged(t *testing.T) {
	_, folder := saveQuantized(t, "tiny", "lora")
	whole, err := os.ReadFile(filepath.Join(folder, QuantizedFile))
	if err != nil {
		t.Fatal(err)
	}
	topology, err := graphs.Open(graphsOf("tiny"), graphs.Evaluation)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"cut": whole[:len(whole)/2], "empty": {}, "no ONNX": []byte("not a model"), "another graph": topology.Model,
	} {
		if err := os.WriteFile(filepath.Join(folder, QuantizedFile), content, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := OpenQuantized(folder, processor)
		if err == nil || !strings.Contains(err.Error(), QuantizedFile) || !strings.Contains(err.Error(), "does not run") {
			t.Errorf("%s: %v", name, err)
		}
	}
	// A file of another number of classes.
	c := trained(t, "tiny", "lora")
	c.Quantize, c.Labels = true, labels[:2]
	for name, weight := range c.Tuned {
		if strings.HasPrefix(name, "classifier.") {
			weight.Shape[0] = 2
			weight.Data = weight.Data[:len(weight.Data)/3*2]
			c.Tuned[name] = weight
		}
	}
	two := save(t, c)
	other, err := os.ReadFile(filepath.Join(two, QuantizedFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, QuantizedFile), other, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenQuantized(folder, processor); err == nil || !strings.Contains(err.Error(), "does not run") {
		t.Errorf("a file of two classes: %v", err)
	}
}
