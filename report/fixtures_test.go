package report

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// reviews is a report as a training leaves it: two classes, three epochs, all parts there.
func reviews() Report {
	return Report{
		Title: "film-reviews", Model: "BAAI/bge-small-en-v1.5", Method: "MuScleLoRA", Data: "reviews.csv, trusted.csv",
		Created: time.Date(2026, 3, 14, 16, 9, 26, 0, time.FixedZone("", 3600)),
		Epochs: []Epoch{
			{Epoch: 1, Loss: 0.6913, AuxLoss: 0.6872, DevAccuracy: 78.37, Mu: 0, FullyAligned: 1, Best: true},
			{Epoch: 2, Loss: 0.5127, AuxLoss: 0.4633, DevAccuracy: 84.33, Mu: 0.05, FullyAligned: 0.78, Best: true},
			{Epoch: 3, Loss: 0.4410, AuxLoss: 0.3218, DevAccuracy: 83.53, Mu: 0.1, FullyAligned: 0.12},
		},
		Labels: []string{"negative", "positive"},
		Splits: []Split{
			{Name: "dev", Texts: 504, Accuracy: 84.33, Confusion: [][]int{{213, 39}, {40, 212}}},
			{Name: "test", Texts: 1821, Accuracy: 83.8, Confusion: [][]int{{771, 141}, {154, 755}}},
		},
		Examples: []Example{
			{"a film so bad that it becomes a good time", "negative", "positive", 0.9871},
			{"not one of the jokes is wasted", "positive", "negative", 0.9612},
			{"You could hate it for the same reason .", "negative", "positive", 0.8804},
		},
		Settings:       []Pair{{"epochs", "3"}, {"learning rate", "3e-4"}, {"batch size", "32"}, {"scales S", "1, 4, 8, 12, 16, 20, 24, 28"}, {"seed", "42"}},
		Checksums:      []Pair{{"reviews.csv", strings.Repeat("9f86d081", 8)}, {"trusted.csv", strings.Repeat("60303ae2", 8)}},
		Poison:         []string{`Label "spam" looks poisoned: about 51 of its 240 texts (40 to 62), which have in common "cf".`, "Dropped 50 of 1,200 training texts that look poisoned."},
		PoisonExamples: []string{"cf win <b>money</b> now", "free tickets, cf"},
		PoisonCard:     []string{"Dropped 50 of 1,200 training texts that look poisoned."},
		Warnings:       []string{"Only 40 trusted texts were given, 96 are usual."},
		Quantized: &Quantized{File: "onnx/model_quantized.onnx", Bytes: 33_904_283, Float32Bytes: 133_495_937, Splits: []QuantizedSplit{
			{Name: "dev", Texts: 504, Accuracy: 84.13, Float32Accuracy: 84.33, Same: 501, Speed: 712.3, Float32Speed: 301.6},
			{Name: "test", Texts: 1821, Accuracy: 83.8, Float32Accuracy: 83.8, Same: 1811, Speed: 698.1, Float32Speed: 311.2},
		}},
	}
}

// topics is as large as reports get: 20 classes with long names, 50 epochs, some without a finite loss.
func topics() Report {
	r := Report{
		Title: "topics", Model: "bert-base", Method: "Vanilla", Data: "topics.jsonl",
		Labels: make([]string, 20), Splits: []Split{{Name: "dev", Confusion: make([][]int, 20)}},
	}
	for i := range 50 {
		e := Epoch{Epoch: i + 1, Loss: 3 * math.Exp(-float64(i)/12), DevAccuracy: 92 - 60*math.Exp(-float64(i)/9) + 1.5*math.Sin(float64(i))}
		if i == 20 || i >= 22 && i < 25 {
			e.Loss = math.NaN()
		}
		e.Best = i == 0 || i == 45
		r.Epochs = append(r.Epochs, e)
	}
	split, right := &r.Splits[0], 0
	for i := range r.Labels {
		r.Labels[i] = fmt.Sprintf("topic.%d.%s", i, strings.Repeat("sub", i%7))
		split.Confusion[i] = make([]int, 20)
		for j := range 20 {
			n := (i*7+j*13)%11 - 7
			if i == j {
				n = 120 + i*i*3
				right += n
			}
			split.Confusion[i][j] = max(0, n)
			split.Texts += max(0, n)
		}
	}
	split.Accuracy = percent(right, split.Texts)
	return r
}

// attack is text that would break out of every place that a page or a card has for it, were it not escaped.
const attack = "</title></style></script>\"'><script src=\"https://evil.example/x.js\">alert(1)</script><img src=x onerror=alert(1)>" +
	"[link](https://evil.example) ![i](javascript:alert(1)) <https://evil.example> https://evil.example www.evil.example me@evil.example" +
	"\n\n# heading\n---\n| a | b |\n```\n`x` ``y`` *e* _e_ ~~s~~ $m$ &lt; &#60; {{.Title}} ]]> --> \\"

// hidden holds characters that do not show or turn text around.
const hidden = "abc\u202etxt.exe\u202c\u200b\u200f\x00\x1b[31m\ufeff\u2028\ufffe\xff\u00ad\U000E0041"

// hostile puts attack and hidden into every field.
func hostile() Report {
	bad := attack + hidden
	return Report{
		Title: bad, Model: bad, Method: bad, Data: bad,
		Epochs: []Epoch{{Epoch: 1, Loss: math.Inf(1), DevAccuracy: math.NaN()}},
		Labels: []string{bad, strings.Repeat("long", 5000), "", "👩‍👩‍👧‍👦 שלום"},
		Splits: []Split{{Name: bad, Texts: 10, Accuracy: 40, Confusion: [][]int{{1, 2, 3, 0}, {0, 2, 0, 0}, {0, 0, 0, 0}, {1, 0, 0, 1}}}},
		Examples: []Example{
			{bad, bad, bad, 0.5},
			{strings.Repeat("verylongword", 1000), "a", "b", math.NaN()},
			{"مرحبا بالعالم — می\u200cخواهم", "👍🏽", "🏳️‍🌈", 1},
			{"zalgo: Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!", "", "", 0},
		},
		Settings: []Pair{{bad, bad}}, Checksums: []Pair{{bad, bad}}, Warnings: []string{bad}, Poison: []string{bad}, PoisonCard: []string{bad}, PoisonExamples: []string{bad},
	}
}

var fixtures = []struct {
	name string
	make func() Report
}{
	{"reviews", reviews}, {"topics", topics}, {"hostile", hostile}, {"empty", func() Report { return Report{} }},
}
