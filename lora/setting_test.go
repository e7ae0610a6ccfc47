package lora

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"mslora/internal/hint"
)

func TestS(t *testing.T) {
	tests := []struct {
		setting Setting
		want    []float32
	}{
		{Setting{Scales: []float64{1, 4, 8.5}, Bandwidth: 1}, []float32{1, 4, 8.5}},
		{Setting{Scales: []float64{1, 4}, Bandwidth: 3}, []float32{1, 1, 1, 4, 4, 4}},
		{Setting{Bandwidth: 3}, []float32{}},
	}
	for _, test := range tests {
		if got := test.setting.S(); !slices.Equal(got, test.want) {
			t.Errorf("%+v: got %v, want %v", test.setting, got, test.want)
		}
	}
	s := Setting{Rank: 8, Alpha: 32, Bandwidth: 2, ScaleAlpha: 6}
	if s.LoRAScale() != 4 || s.MultiScale() != 3 {
		t.Errorf("factors: got %v and %v, want 4 and 3", s.LoRAScale(), s.MultiScale())
	}
}

func TestParseScales(t *testing.T) {
	got, err := ParseScales("1, 4,0.1 ,32")
	if err != nil || !slices.Equal(got, []float64{1, 4, 0.1, 32}) {
		t.Errorf("got %v, %v", got, err)
	}
	for text, want := range map[string]string{
		"":         `item 1 is ""`,
		"1,,2":     `item 2 is ""`,
		"1,2,":     `item 3 is ""`,
		"1;2":      `item 1 is "1;2"`,
		"1,four":   `item 2 is "four"`,
		"1,0":      `item 2 is "0"`,
		"-1":       `item 1 is "-1"`,
		"NaN":      `item 1 is "NaN"`,
		"+Inf":     `item 1 is "+Inf"`,
		"1,1e39":   `item 2 is "1e39"`, // too large for float32
		"1,1e-999": `item 2 is "1e-999"`,
	} {
		_, err := ParseScales(text)
		var hinted *hint.Error
		if err == nil || !strings.Contains(err.Error(), want) || !errors.As(err, &hinted) {
			t.Errorf("%q: got %v, want an error with %q and a hint", text, err, want)
		}
	}
}

func FuzzParseScales(f *testing.F) {
	f.Add("1,4,8.5")
	f.Add("1,,2")
	f.Add("0x1p-2, 3_0")
	f.Fuzz(func(t *testing.T, text string) {
		scales, err := ParseScales(text)
		if err != nil {
			return
		}
		for _, value := range (Setting{Scales: scales, Bandwidth: 1}).S() {
			if !(value > 0) || math.IsInf(float64(value), 0) {
				t.Errorf("%q gave scale %v", text, value)
			}
		}
	})
}

// moments gives mean, variance and greatest magnitude.
func moments(values []float32) (mean, variance, largest float64) {
	for _, v := range values {
		mean += float64(v) / float64(len(values))
		largest = max(largest, math.Abs(float64(v)))
	}
	for _, v := range values {
		variance += (float64(v) - mean) * (float64(v) - mean) / float64(len(values))
	}
	return mean, variance, largest
}

// truncatedVariance is the variance of a standard normal variable within ±2: 1 - 4 phi(2) / (2 Phi(2) - 1).
var truncatedVariance = 1 - 4*math.Exp(-2)/math.Sqrt(2*math.Pi)/math.Erf(math.Sqrt2)

// TestInitialize compares mean and variance with the distributions' own; the tolerances are five standard
// errors or more.
func TestInitialize(t *testing.T) {
	const n = 100 * 400
	tests := []struct {
		kind     string
		variance float64
		bound    float64
	}{
		{"kaiming_uniform", 1.0 / (3 * 400), 1.0 / 20}, // uniform in ±b: b^2/3
		{"normal", 0.02 * 0.02, 0.02 * 6},
		{"truncated_normal", 0.01 * 0.01 * truncatedVariance, 0.02},
		{"zeros", 0, 0},
	}
	for _, test := range tests {
		t.Run(test.kind, func(t *testing.T) {
			values, err := Initialize(test.kind, []int64{100, 400}, rand.New(rand.NewPCG(1, 2)))
			if err != nil || len(values) != n {
				t.Fatalf("got %d values, %v", len(values), err)
			}
			mean, variance, largest := moments(values)
			if math.Abs(mean) > 5*math.Sqrt(test.variance/n) {
				t.Errorf("mean %v", mean)
			}
			if math.Abs(variance-test.variance) > 0.04*test.variance {
				t.Errorf("variance %v, want %v", variance, test.variance)
			}
			if largest > test.bound || test.kind == "kaiming_uniform" && largest < 0.999*test.bound {
				t.Errorf("greatest magnitude %v, want at most and near %v", largest, test.bound)
			}
			again, _ := Initialize(test.kind, []int64{100, 400}, rand.New(rand.NewPCG(1, 2)))
			if !slices.Equal(values, again) {
				t.Error("the same generator state gave other values")
			}
		})
	}
}

func TestInitializeErrors(t *testing.T) {
	for _, test := range []struct {
		kind  string
		shape []int64
		want  string
	}{
		{"xavier", []int64{2, 2}, `unknown initialisation "xavier"`},
		{"kaiming_uniform", []int64{4}, "needs a matrix"},
		{"normal", []int64{2, 0}, "shape [2 0]"},
	} {
		if _, err := Initialize(test.kind, test.shape, rand.New(rand.NewPCG(1, 2))); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %v: got %v, want an error with %q", test.kind, test.shape, err, test.want)
		}
	}
}
