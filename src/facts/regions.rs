//! AWS regions and their partitions.
//!
//! Source: the partition metadata of the AWS SDKs (botocore 1.44.8, `partitions.json`), November 2026.

/// A partition: regions that share accounts, ARNs and host names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsPartition {
    /// The commercial regions.
    Aws,
    /// China.
    China,
    /// AWS GovCloud (US).
    GovCloud,
    /// AWS European Sovereign Cloud.
    EuropeanSovereign,
    /// Top Secret regions of the United States.
    Iso,
    /// Secret regions of the United States.
    IsoB,
    /// Isolated regions of Europe.
    IsoE,
    /// Isolated regions of the southern United States.
    IsoF,
}

/// What belongs to a partition.
struct PartitionRow {
    partition: AwsPartition,
    /// As ARNs have it.
    name: &'static str,
    /// What its regions' names begin with; nothing for the partition of all other regions.
    prefix: Option<&'static str>,
    /// The end of its host names.
    url_suffix: &'static str,
    regions: &'static [&'static str],
}

static PARTITIONS: &[PartitionRow] = &[
    PartitionRow {
        partition: AwsPartition::China,
        name: "aws-cn",
        prefix: Some("cn-"),
        url_suffix: "amazonaws.com.cn",
        regions: &["cn-north-1", "cn-northwest-1"],
    },
    PartitionRow {
        partition: AwsPartition::GovCloud,
        name: "aws-us-gov",
        prefix: Some("us-gov-"),
        url_suffix: "amazonaws.com",
        regions: &["us-gov-east-1", "us-gov-west-1"],
    },
    PartitionRow {
        partition: AwsPartition::EuropeanSovereign,
        name: "aws-eusc",
        prefix: Some("eusc-"),
        url_suffix: "amazonaws.eu",
        regions: &["eusc-de-east-1"],
    },
    PartitionRow {
        partition: AwsPartition::Iso,
        name: "aws-iso",
        prefix: Some("us-iso-"),
        url_suffix: "c2s.ic.gov",
        regions: &["us-iso-east-1", "us-iso-west-1"],
    },
    PartitionRow {
        partition: AwsPartition::IsoB,
        name: "aws-iso-b",
        prefix: Some("us-isob-"),
        url_suffix: "sc2s.sgov.gov",
        regions: &["us-isob-east-1", "us-isob-west-1"],
    },
    PartitionRow {
        partition: AwsPartition::IsoE,
        name: "aws-iso-e",
        prefix: Some("eu-isoe-"),
        url_suffix: "cloud.adc-e.uk",
        regions: &["eu-isoe-west-1"],
    },
    PartitionRow {
        partition: AwsPartition::IsoF,
        name: "aws-iso-f",
        prefix: Some("us-isof-"),
        url_suffix: "csp.hci.ic.gov",
        regions: &["us-isof-east-1", "us-isof-south-1"],
    },
    COMMERCIAL,
];

/// The last row of the table: a region that no other row's prefix fits.
const COMMERCIAL: PartitionRow = PartitionRow {
    partition: AwsPartition::Aws,
    name: "aws",
    prefix: None,
    url_suffix: "amazonaws.com",
    regions: &[
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "me-west-1",
        "mx-central-1",
        "sa-east-1",
        "sa-west-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ],
};

impl AwsPartition {
    /// The partition of a region. A region newer than the table is recognised by its prefix.
    pub fn of_region(region: &str) -> AwsPartition {
        let fits = |row: &&PartitionRow| row.prefix.is_some_and(|prefix| region.starts_with(prefix));
        PARTITIONS.iter().find(fits).unwrap_or(&COMMERCIAL).partition
    }

    /// The partition with this name in ARNs: `aws-cn`.
    pub fn of_name(name: &str) -> Option<AwsPartition> {
        PARTITIONS.iter().find(|row| row.name == name).map(|row| row.partition)
    }

    /// Its name in ARNs.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The end of its host names, which CloudFormation calls `AWS::URLSuffix`.
    pub fn url_suffix(self) -> &'static str {
        self.row().url_suffix
    }

    /// The host of its console, after the name of a region and a dot. Source: the "Endpoints" pages of the guides to AWS
    /// China and AWS GovCloud (US), 2026-11.
    pub fn console(self) -> &'static str {
        match self {
            AwsPartition::China => "console.amazonaws.cn",
            AwsPartition::GovCloud => "console.amazonaws-us-gov.com",
            _ => "console.aws.amazon.com",
        }
    }

    fn row(self) -> &'static PartitionRow {
        PARTITIONS.iter().find(|row| row.partition == self).unwrap_or(&COMMERCIAL)
    }
}

/// Every region of the table.
pub fn regions() -> impl Iterator<Item = &'static str> {
    PARTITIONS.iter().flat_map(|row| row.regions).copied()
}

/// Whether the table has the region. One that it lacks is misspelt, or newer than the table.
pub fn is_known_region(region: &str) -> bool {
    regions().any(|known| known == region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_of_regions() {
        for (region, name, suffix) in [
            ("us-east-1", "aws", "amazonaws.com"),
            ("cn-northwest-1", "aws-cn", "amazonaws.com.cn"),
            ("us-gov-west-1", "aws-us-gov", "amazonaws.com"),
            ("eusc-de-east-1", "aws-eusc", "amazonaws.eu"),
            ("us-isob-east-1", "aws-iso-b", "sc2s.sgov.gov"),
            ("xx-new-9", "aws", "amazonaws.com"),
        ] {
            let partition = AwsPartition::of_region(region);
            assert_eq!((partition.name(), partition.url_suffix()), (name, suffix), "{region}");
            assert_eq!(AwsPartition::of_name(name), Some(partition));
        }
        assert_eq!(AwsPartition::of_name("aws-moon"), None);
    }

    #[test]
    fn every_region_has_the_prefix_of_its_partition() {
        for row in PARTITIONS {
            for region in row.regions {
                assert_eq!(AwsPartition::of_region(region), row.partition, "{region}");
            }
        }
    }

    #[test]
    fn unknown_regions_are_told() {
        for (region, known) in [
            ("eu-west-1", true),
            ("eu-west-9", false),
            ("us-east1", false),
            ("", false),
            ("mx-central-1", true),
        ] {
            assert_eq!(is_known_region(region), known, "{region}");
        }
    }
}
