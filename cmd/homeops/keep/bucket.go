package keep

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path"
	"strings"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// bucket is a folder of an S3 bucket, in the form that Pulumi's own state backend takes
// (https://www.pulumi.com/docs/iac/concepts/state-and-backends/#aws-s3).
type bucket struct {
	address, name, folder string
	client                *minio.Client
}

// amazon is where buckets are that name no endpoint.
const amazon = "https://s3.amazonaws.com"

// The keys of the bucket of copies, where they are others than those of the state's.
const (
	idVar     = "BREAK_GLASS_ACCESS_KEY_ID"
	secretVar = "BREAK_GLASS_SECRET_ACCESS_KEY"
)

// amazons are the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or of the AWS credentials file. Pulumi's backend takes
// no others.
func amazons() []credentials.Provider {
	return []credentials.Provider{&credentials.EnvAWS{}, &credentials.FileAWSCredentials{}}
}

// ofCopies are the keys in BREAK_GLASS_ACCESS_KEY_ID and BREAK_GLASS_SECRET_ACCESS_KEY, else Amazon's. One of them alone is an
// error: the other would be that of another bucket.
func ofCopies() ([]credentials.Provider, error) {
	id, secret := os.Getenv(idVar), os.Getenv(secretVar)
	switch {
	case id == "" && secret == "":
		return amazons(), nil
	case id == "":
		return nil, fmt.Errorf("%s is set, and %s is not: set both, or neither", secretVar, idVar)
	case secret == "":
		return nil, fmt.Errorf("%s is set, and %s is not: set both, or neither", idVar, secretVar)
	}
	return []credentials.Provider{&credentials.Static{Value: credentials.Value{
		AccessKeyID: id, SecretAccessKey: secret, SignerType: credentials.SignatureV4,
	}}}, nil
}

// newBucket reads s3://bucket/folder?endpoint=...&region=....
func newBucket(address string, keys []credentials.Provider) (*bucket, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is not s3://bucket/folder", address)
	}
	endpoint := u.Query().Get("endpoint")
	if endpoint == "" {
		endpoint = amazon
	}
	at, err := url.Parse(endpoint)
	if err != nil || at.Host == "" {
		return nil, fmt.Errorf("%q: its endpoint is no http or https address", address)
	}
	region := u.Query().Get("region")
	if region == "" {
		region = "us-east-1"
	}
	client, err := minio.New(at.Host, &minio.Options{
		Creds:  credentials.NewChainCredentials(keys),
		Secure: at.Scheme == "https", Region: region, MaxRetries: 3,
	})
	if err != nil {
		return nil, fmt.Errorf("%q: %w", address, err)
	}
	return &bucket{address: address, name: u.Host, folder: strings.Trim(u.Path, "/"), client: client}, nil
}

func (b *bucket) String() string { return b.address }

// Put implements [Place].
func (b *bucket) Put(ctx context.Context, name string, content []byte) error {
	_, err := b.client.PutObject(ctx, b.name, path.Join(b.folder, name), bytes.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
	return err
}

// Get implements [Place].
func (b *bucket) Get(ctx context.Context, name string) ([]byte, error) {
	object, err := b.client.GetObject(ctx, b.name, path.Join(b.folder, name), minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	defer object.Close()
	return io.ReadAll(object)
}

// List implements [Place].
func (b *bucket) List(ctx context.Context, prefix string) ([]string, error) {
	below := path.Join(b.folder, prefix)
	if prefix == "" && b.folder != "" {
		below += "/" // without it, S3 answers with the folder alone
	}
	var names []string
	for object := range b.client.ListObjects(ctx, b.name, minio.ListObjectsOptions{Prefix: below}) {
		if object.Err != nil {
			return nil, object.Err
		}
		names = append(names, path.Base(object.Key))
	}
	return names, nil
}
