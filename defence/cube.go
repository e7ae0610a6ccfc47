package defence

import (
	"cmp"
	"context"
	"fmt"

	"mslora/cluster"
	"mslora/internal/hint"
	"mslora/params"
)

// CUBE drops the texts of a label that do not cluster with most others of it (Cui et al. 2022, arXiv 2206.08514): the [CLS] vectors of a
// model after an epoch are reduced to principal components, drawn in the plane by UMAP, and clustered by HDBSCAN. Of each label the
// largest cluster is kept.
//
// The variant authors does as the public code: it takes what the pooler makes of the vectors, counts the texts that are in no cluster
// as one, and keeps a cluster that has half of the label's texts, too.
type CUBE struct{}

// Name is params.CUBE.
func (CUBE) Name() string { return params.CUBE }

// Its hyperparameters.
const (
	cubeEpochs     = "cube_epochs"
	cubeComponents = "cube_components"
	cubeNeighbours = "cube_neighbours"
	cubeMinSamples = "cube_min_samples"
	cubeVariant    = "cube_variant"
)

// cubeMinSize is HDBSCAN's min_cluster_size, which the public code leaves as it is.
const cubeMinSize = 5

// cubeReports is how often the progress of UMAP is told, in rounds.
const cubeReports = 100

// Check wants vectors with as many numbers as there are components, and as many texts as components, and as UMAP and HDBSCAN have neighbours.
func (CUBE) Check(bench Bench) error {
	v := bench.Values
	if components := v.Int(cubeComponents); bench.Hidden != 0 && components > bench.Hidden {
		return hint.New("lower --cube-components", "%d principal components of vectors that have %d numbers", components, bench.Hidden)
	}
	least := max(v.Int(cubeComponents), v.Int(cubeNeighbours), v.Int(cubeMinSamples)+1)
	if n := len(bench.Train); n < least {
		return hint.New("give more texts, or lower --cube-neighbours, --cube-min-samples and --cube-components",
			"%d texts are too few to look for poisoned ones, which takes %d", n, least)
	}
	return nil
}

// Purify decides on every training text.
func (CUBE) Purify(ctx context.Context, bench Bench) (Judgement, error) {
	v := bench.Values
	probe, err := bench.probe(ctx, v.Int(cubeEpochs), 0)
	if err != nil {
		return Judgement{}, err
	}
	vectors, err := probe.Vectors(ctx, bench.texts())
	if err != nil {
		return Judgement{}, err
	}
	authors := v.Word(cubeVariant) == params.VariantAuthors
	if authors {
		vectors = probe.Pool(vectors)
	}
	components, err := cluster.Components(vectors, v.Int(cubeComponents))
	if err != nil {
		return Judgement{}, err
	}
	picture, err := cluster.UMAP(ctx, components, cluster.UMAPOptions{
		Neighbours: v.Int(cubeNeighbours), Seed: bench.Seed, Threads: bench.Threads,
		Progress: func(round, of int) {
			if round%cubeReports == 0 {
				bench.say("looking for poisoned texts: UMAP, round %d of %d", round, of)
			}
		},
	})
	if err != nil {
		return Judgement{}, err
	}
	clusters, err := cluster.HDBSCAN(picture, v.Int(cubeMinSamples), cubeMinSize, bench.Threads)
	if err != nil {
		return Judgement{}, err
	}
	return Judgement{Decisions: keepLargest(bench, clusters, authors)}, nil
}

// keepLargest decides by the cluster of each text. A label that has none keeps all of its texts.
func keepLargest(bench Bench, clusters []int, authors bool) []Decision {
	decisions := make([]Decision, len(bench.Train))
	for label := range bench.Classes {
		members, size := having(bench.Train, label), map[int]int{}
		for _, i := range members {
			size[clusters[i]]++
		}
		largest := cluster.Noise
		for c := range size {
			if c != cluster.Noise && (largest == cluster.Noise && !authors || cmp.Or(size[c]-size[largest], largest-c) > 0) {
				largest = c
			}
		}
		for _, i := range members {
			c := clusters[i]
			if c == largest || authors && 2*size[c] >= len(members) {
				decisions[i].Keep = true
				continue
			}
			name := fmt.Sprintf("cluster %d", c)
			if c == cluster.Noise {
				name = "no cluster"
			}
			decisions[i].Why = fmt.Sprintf("in %s, with %d of the %d texts of its label", name, size[c], len(members))
		}
	}
	return decisions
}
