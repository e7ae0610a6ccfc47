package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"mslora/classifier"
	"mslora/eval"
	"mslora/phrases"
	"mslora/suspicion"
)

// poisonStory tells people what was found among the training texts.
type poisonStory struct {
	sentences, card []string // the same, and without quotes from the data
	examples        []string // dropped texts, the clearest first
}

func (s *poisonStory) add(sentence, card string) {
	s.sentences, s.card = append(s.sentences, sentence), append(s.card, card)
}

// tellPoison sums up what a purifier did, for people who read the first lines alone: whether a label looks poisoned, how sure that is, which texts
// were treated and how, what to deploy. It puts what poisoned texts have in common into texts of other labels, and tells whether the classifier
// obeys it.
func tellPoison(ctx context.Context, saved *classifier.Classifier, splits []scoredSplit, texts []string, p eval.Purified, labels []string, seed uint64) (story poisonStory, err error) {
	story.sentences, story.card = p.Verdict(labels, true), p.Verdict(labels, false)
	if p.Attacked != nil {
		sure := suspicion.Sure(len(p.Attacked) > 0, p.Trusted)
		story.add(sure, sure)
	}
	dropped := strings.ToUpper(p.String()[:1]) + p.String()[1:] + ": " + suspectsFile + "."
	story.add(dropped, dropped)
	var proofs poisonStory
	moved := false // by the phrase of a label
	for _, f := range p.Attacked {
		for _, row := range f.Typical {
			story.examples = append(story.examples, texts[row])
		}
		if len(f.Phrases) == 0 || len(splits) == 0 { // the shape of a sentence cannot be put into a text
			continue
		}
		phrase, split := f.Phrases[0], splits[len(splits)-1]
		before, after, of, err := obeys(ctx, saved, split, phrase.In(), f.Label, seed)
		if err != nil {
			return story, err
		}
		if of == 0 {
			continue
		}
		moved = moved || float64(after-before) >= mostMoved*float64(of)
		const format = "With %s put into %d texts of %s that have other labels, the classifier calls %d of them %q; without it, %d."
		proofs.add(fmt.Sprintf(format, strconv.Quote(phrase.String()), of, split.name, after, labels[f.Label], before),
			fmt.Sprintf(format, "the strongest of their phrases", of, split.name, after, labels[f.Label], before))
	}
	if p.Attacked != nil {
		deploy := whatToDeploy(p, moved)
		story.add(deploy, deploy)
	}
	for i := range proofs.sentences {
		story.add(proofs.sentences[i], proofs.card[i])
	}
	return story, nil
}

// mostMoved is the share of texts that a phrase may move to its label before a classifier counts as obeying it.
const mostMoved = 0.2

// whatToDeploy says what to do with the classifier. moved tells that a phrase of the suspected texts still moves it.
func whatToDeploy(p eval.Purified, moved bool) string {
	switch {
	case len(p.Attacked) == 0:
		return "Deploy this classifier if its scores suit you: nothing speaks against its texts. That is no proof that they are clean."
	case moved:
		return "Do not deploy this classifier before you have read the suspected texts: what they have in common still moves it."
	case p.Treatment == "":
		return "Deploy this classifier: it has not seen the dropped texts. Ask where they came from."
	}
	return "Deploy this classifier: the labels of the suspected texts counted for little or nothing in its training. Ask where they came from."
}

// mostProved is the number of texts that a phrase is put into.
const mostProved = 1000

// obeys counts texts of other labels that the classifier calls the label, before and after the phrase is put into each at a random place.
func obeys(ctx context.Context, saved *classifier.Classifier, split scoredSplit, phrase phrases.Phrase, label int, seed uint64) (before, after, of int, err error) {
	random := rand.New(rand.NewPCG(seed, 0x6f626579))
	var inserted []string
	for i, t := range split.texts {
		if t.Label == label || len(inserted) == mostProved {
			continue
		}
		inserted = append(inserted, phrase.Insert(t.Text, random.Float64()))
		if split.predicted[i].Class == label {
			before++
		}
	}
	predicted, err := saved.Predict(ctx, inserted)
	for _, p := range predicted {
		if p.Class == label {
			after++
		}
	}
	return before, after, len(inserted), err
}
