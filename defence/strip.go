package defence

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"mslora/dataset"
	"mslora/internal/hint"
	"mslora/ortrain"
	"mslora/params"
)

// STRIP flags texts of which the model stays sure when words are replaced: the trigger keeps its hold where the words of a clean
// text lose theirs (Gao et al. 2021, arXiv 1911.10312, on text).
//
// Of each text there are strip_copies copies, in each of which the share strip_share of the words, drawn at random, is replaced by
// the words of a random trusted text that have the highest tf-idf. A text is flagged if the mean entropy of the answers to its copies,
//
//	H(x) = -1/N Σ_n Σ_c p_c(x_n) log2 p_c(x_n),
//
// is below that of all but the share false_rejections of the trusted texts.
type STRIP struct{}

// Name is params.STRIP.
func (STRIP) Name() string { return params.STRIP }

const stripCopies = "strip_copies"

// Check wants trusted texts for a threshold, and a word in one of them.
func (STRIP) Check(bench Bench) error {
	if err := bench.enough(len(bench.Trusted), "trusted texts"); err != nil {
		return err
	}
	if !slices.ContainsFunc(bench.Trusted, func(t dataset.Text) bool { return word.MatchString(strings.ToLower(t.Text)) }) {
		return hint.New("trust texts with words of two letters or more", "no trusted text has a word to replace others by")
	}
	return nil
}

// Fit ranks the words of the trusted texts and finds the threshold.
func (STRIP) Fit(ctx context.Context, bench Bench) (Sieve, error) {
	texts := make([]string, len(bench.Trusted))
	for i, t := range bench.Trusted {
		texts[i] = t.Text
	}
	ranked := rankWords(texts)
	ranked.rows = slices.DeleteFunc(ranked.rows, func(row []string) bool { return len(row) == 0 })
	s := strip{bench, ranked, bench.Values.Word("strip_variant") == params.VariantAuthors}
	bench.say("STRIP: reading copies of %d trusted texts", len(texts))
	entropies, err := s.entropies(ctx, texts)
	if err != nil {
		return nil, err
	}
	threshold := bench.threshold(entropies)
	return func(ctx context.Context, texts []string) ([]Sifted, error) {
		bench.say("STRIP: reading copies of %d texts", len(texts))
		entropies, err := s.entropies(ctx, texts)
		if err != nil {
			return nil, err
		}
		sifted := make([]Sifted, len(texts))
		for i, text := range texts {
			sifted[i] = Sifted{Text: text, Flagged: entropies[i] < threshold}
		}
		return sifted, nil
	}, nil
}

// strip is STRIP with what it has learned.
type strip struct {
	bench   Bench
	ranked  ranked
	authors bool
}

// entropies gives H of each text, in bits.
func (s strip) entropies(ctx context.Context, texts []string) ([]float64, error) {
	n := s.bench.Values.Int(stripCopies)
	copies := make([]string, 0, n*len(texts))
	for _, text := range texts {
		for k := range n {
			copies = append(copies, s.perturb(text, k))
		}
	}
	logits, err := s.bench.Logits(ctx, copies)
	if err != nil {
		return nil, err
	}
	result := make([]float64, len(texts))
	for i := range copies {
		text := i / n
		if s.authors {
			// OpenBackdoor folds the copies, which stand text by text, as if each round of all texts came after the other.
			text = i % len(texts)
		}
		result[text] += entropy(ortrain.Softmax(logits[i])) / float64(n)
	}
	return result, nil
}

func entropy(probabilities []float64) (bits float64) {
	for _, p := range probabilities {
		if p > 0 {
			bits -= p * math.Log2(p)
		}
	}
	return bits
}

// perturb gives the k-th copy of a text. What is drawn depends on the seed, the text and k alone.
func (s strip) perturb(text string, k int) string {
	words := strings.Fields(text)
	if len(words) == 0 {
		return text
	}
	random := drawFor(s.bench.Seed, text, k)
	other := s.ranked.rows[random.IntN(len(s.ranked.rows))]
	count := int(float64(len(words)) * s.bench.Values.Float("strip_share"))
	if s.authors {
		// A place may be drawn twice. A text whose words run out is followed by those of the others, which have a tf-idf of 0 in it,
		// in the order of the alphabet.
		for i := range count {
			words[random.IntN(len(words))] = s.ranked.at(other, i)
		}
		return strings.Join(words, " ")
	}
	for i, place := range random.Perm(len(words))[:max(count, 1)] {
		words[place] = other[i%len(other)]
	}
	return strings.Join(words, " ")
}

// drawFor is the generator of the k-th draw for a text.
func drawFor(seed uint64, text string, k int) *rand.Rand {
	sum := fnv.New64a()
	sum.Write([]byte(text))
	return rand.New(rand.NewPCG(seed, sum.Sum64()+uint64(k)))
}
