//! The platforms that have managed identities.

use std::fmt;

/// Who hands out the tokens of a managed identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Platform {
    /// The instance metadata service of virtual machines, scale sets, container instances and AKS nodes.
    Imds,
    /// App Service, Functions and Container Apps.
    AppService,
    /// The agent of Azure Arc on machines elsewhere.
    Arc,
    /// Service Fabric clusters.
    ServiceFabric,
    /// Cloud Shell: the token is that of the signed-in user.
    CloudShell,
    /// Azure Machine Learning compute; old App Service plans answer the same way.
    MachineLearning,
}

impl Platform {
    /// The step in errors and logs.
    pub(super) fn step(self) -> &'static str {
        match self {
            Self::Imds => "managed identity (IMDS)",
            Self::AppService => "managed identity (App Service)",
            Self::Arc => "managed identity (Azure Arc)",
            Self::ServiceFabric => "managed identity (Service Fabric)",
            Self::CloudShell => "managed identity (Cloud Shell)",
            Self::MachineLearning => "managed identity (Azure Machine Learning)",
        }
    }

    /// What to do when nothing answers.
    pub(super) fn when_silent(self) -> &'static str {
        match self {
            Self::Imds => {
                "is this an Azure machine? Only those have this address; elsewhere take another identity (in AKS the \
                 workload identity, Entra::from_env), and in a container make sure that the address is routed"
            }
            Self::Arc => {
                "is the Connected Machine agent running? `azcmagent show` tells, and so does the service himds"
            }
            Self::AppService | Self::ServiceFabric | Self::CloudShell | Self::MachineLearning => {
                "the address comes from the environment: is this process where the variables were set, and does it \
                 still run there?"
            }
        }
    }

    /// What to do when the answer is not in the platform's form.
    pub(super) fn when_foreign(self) -> &'static str {
        match self {
            Self::Imds => {
                "the answer is not in the form of Azure's metadata service: is this an Azure machine? Other clouds and \
                 container engines answer at the same address"
            }
            _ => "the answer is not in the form of the platform: is a proxy or another service answering?",
        }
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Imds => "the instance metadata service",
            Self::AppService => "App Service",
            Self::Arc => "Azure Arc",
            Self::ServiceFabric => "Service Fabric",
            Self::CloudShell => "Cloud Shell",
            Self::MachineLearning => "Azure Machine Learning",
        })
    }
}
