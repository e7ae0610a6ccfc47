package defence

import (
	"context"
	"slices"
	"strings"
)

// withoutEach gives a text, and then the text without each of its words.
func withoutEach(text string) []string {
	words := strings.Fields(text)
	texts := []string{text}
	for i := range words {
		texts = append(texts, strings.Join(slices.Concat(words[:i], words[i+1:]), " "))
	}
	return texts
}

// readingsWithoutEach is how many texts withoutEach gives.
func readingsWithoutEach(texts []string) (n int) {
	for _, text := range texts {
		n += 1 + len(strings.Fields(text))
	}
	return n
}

// readWithoutEach has texts read, each as it is and then without each of its words, and gives take what was read of each text. About most
// are read at once, which bounds memory. stage is told with how many were read.
func (b Bench) readWithoutEach(ctx context.Context, texts []string, most int, stage string,
	read func(ctx context.Context, texts []string) ([][]float32, error), take func(text int, read [][]float32)) error {
	done, all := 0, readingsWithoutEach(texts)
	for begin := 0; begin < len(texts); {
		b.say("%s, %d of %d readings", stage, done, all)
		var variants []string
		end := begin
		for ; end < len(texts) && (end == begin || len(variants) < most); end++ {
			variants = append(variants, withoutEach(texts[end])...)
		}
		values, err := read(ctx, variants)
		if err != nil {
			return err
		}
		done += len(variants)
		for ; begin < end; begin++ {
			n := readingsWithoutEach(texts[begin : begin+1])
			take(begin, values[:n])
			values = values[n:]
		}
	}
	return nil
}
